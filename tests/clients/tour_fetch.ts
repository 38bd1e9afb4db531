// The tour of the README with the generator typescript-fetch: from a household to a confirmed gift.
import * as api from "./typescript-fetch/index";

const [base, round] = process.argv.slice(2) as [string, string];

async function session(username: string): Promise<api.Configuration> {
  const access = new api.AccessApi(new api.Configuration({ basePath: base }));
  const { accessToken } = await access.signIn({ credentials: { username, password: "ketnghia-demo" } });
  return new api.Configuration({ basePath: base, accessToken });
}

const [head, commune, office] = (await Promise.all(["langtung", "ianan", "vanphong.ianan"].map(session))) as [
  api.Configuration, api.Configuration, api.Configuration,
];
const today = new Date(new Date(Date.now() + 7 * 3600_000).toISOString().slice(0, 10));
const village = (await new api.AccessApi(head).findMe()).locality!.id;
const home = await new api.HouseholdsApi(head).createHousehold({
  newHousehold: { villageId: village, headName: "Rơ Mah H'Fetch", ethnicGroup: "10", povertyStatus: "poor", hardshipReasons: ["temporary_house"] },
});
const changed = await new api.HouseholdsApi(head).updateHousehold({
  id: home.id, ifMatch: `"${home.version}"`, householdChanges: { note: "Nhà dột" },
});
if (changed.note !== "Nhà dột") throw new Error("the note was not changed");
const lists = new api.HardshipListsApi(head);
const list = await lists.createHardshipList({
  newHardshipList: {
    villageId: village, year: today.getUTCFullYear(), round: Number(round),
    items: [{ householdId: home.id, reasons: ["temporary_house"], needs: ["livestock"], priority: 1 }],
  },
});
await lists.submitHardshipList({ id: list.id });
const review = new api.HardshipListsApi(commune);
const { version } = await review.findHardshipList({ id: list.id });
const item = (await review.approveHardshipList({ id: list.id, ifMatch: `"${version}"` })).items[0]!.id;
await new api.PledgesApi(office).createPledge({ id: item, newPledge: { note: "Hai con dê giống" } });
const twinnings = await new api.TwinningsApi(office).listTwinnings({ localityId: village });
const twinning = twinnings.items.find((one) => one.organisationName.startsWith("Văn phòng"))!;
const visit = await new api.VisitsApi(office).createVisit({
  newVisit: {
    twinningId: twinning.id, villageId: village, visitedOn: today, purpose: "handover",
    gifts: [{ householdId: home.id, category: "livestock", description: "Hai con dê giống", valueVnd: 5_000_000, fundingSource: "organisation_own" }],
  },
});
const gifts = new api.GiftsApi(head);
const gift = await gifts.findGift({ id: visit.gifts[0]!.id });
const confirmed = await gifts.confirmGift({ id: gift.id, ifMatch: `"${gift.version}"` });
if (confirmed.status !== "confirmed") throw new Error(confirmed.status);
if ((await new api.HardshipItemsApi(head).findHardshipItem({ id: item })).status !== "helped") throw new Error("not helped");
const sheet = await new api.AggregatesApi(commune).findSupportAggregateCsv();
if (!sheet.includes("gift_value_vnd")) throw new Error(sheet);
console.log("typescript-fetch: the tour is done");
