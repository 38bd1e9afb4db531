// The tour of the README with openapi-typescript and openapi-fetch: from a household to a confirmed gift.
import createClient from "openapi-fetch";
import type { paths } from "./openapi-typescript/schema";

const [base, round] = process.argv.slice(2) as [string, string];

function answered<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data === undefined) throw new Error(`${response.status} ${response.url} ${JSON.stringify(error)}`);
  return data;
}

async function session(username: string) {
  const client = createClient<paths>({ baseUrl: base });
  const body = { username, password: "ketnghia-demo" };
  const token = answered(await client.POST("/api/v1/auth/login", { body })).access_token;
  client.use({ onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${token}`) });
  return client;
}

const [head, commune, office] = await Promise.all(["langtung", "ianan", "vanphong.ianan"].map(session));
const today = new Date(Date.now() + 7 * 3600_000).toISOString().slice(0, 10);
const village = answered(await head!.GET("/api/v1/me")).locality!.id;
const home = answered(await head!.POST("/api/v1/households", {
  body: { village_id: village, head_name: "Rơ Mah H'Script", ethnic_group: "10", poverty_status: "poor", hardship_reasons: ["temporary_house"] },
}));
const changed = answered(await head!.PATCH("/api/v1/households/{id}", {
  params: { path: { id: home.id }, header: { "If-Match": `"${home.version}"` } },
  body: { note: "Nhà dột" },
  headers: { "Content-Type": "application/merge-patch+json" },
}));
if (changed.note !== "Nhà dột") throw new Error("the note was not changed");
const list = answered(await head!.POST("/api/v1/hardship-lists", {
  body: {
    village_id: village, year: Number(today.slice(0, 4)), round: Number(round),
    items: [{ household_id: home.id, reasons: ["temporary_house"], needs: ["livestock"], priority: 1 }],
  },
}));
const path = { id: list.id };
answered(await head!.POST("/api/v1/hardship-lists/{id}/submit", { params: { path } }));
const { version } = answered(await commune!.GET("/api/v1/hardship-lists/{id}", { params: { path } }));
const approved = answered(await commune!.POST("/api/v1/hardship-lists/{id}/approve", { params: { path, header: { "If-Match": `"${version}"` } } }));
const item = approved.items[0]!.id;
answered(await office!.POST("/api/v1/hardship-items/{id}/pledges", { params: { path: { id: item } }, body: { note: "Hai con dê giống" } }));
const twinnings = answered(await office!.GET("/api/v1/twinnings", { params: { query: { locality_id: village } } }));
const twinning = twinnings.items.find((one) => one.organisation_name.startsWith("Văn phòng"))!;
const visit = answered(await office!.POST("/api/v1/visits", {
  body: {
    twinning_id: twinning.id, village_id: village, visited_on: today, purpose: "handover",
    gifts: [{ household_id: home.id, category: "livestock", description: "Hai con dê giống", value_vnd: 5_000_000, funding_source: "organisation_own" }],
  },
}));
const gift = answered(await head!.GET("/api/v1/gifts/{id}", { params: { path: { id: visit.gifts[0]!.id } } }));
const confirmed = answered(await head!.POST("/api/v1/gifts/{id}/confirm", {
  params: { path: { id: gift.id }, header: { "If-Match": `"${gift.version}"` } },
}));
if (confirmed.status !== "confirmed") throw new Error(confirmed.status);
const found = answered(await head!.GET("/api/v1/hardship-items/{id}", { params: { path: { id: item } } }));
if (found.status !== "helped") throw new Error(found.status);
const sheet = answered(await commune!.GET("/api/v1/aggregates/support.csv", { parseAs: "text" }));
if (!sheet.includes("gift_value_vnd")) throw new Error(sheet);
console.log("openapi-typescript: the tour is done");
