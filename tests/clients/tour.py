"""The tour of the README with the client that openapi-python-client generates: from a household to a confirmed gift."""
import datetime
import sys
import uuid

from client import AuthenticatedClient, Client
from client.api.access import find_me, sign_in
from client.api.aggregates import find_support_aggregate, find_support_aggregate_csv
from client.api.gifts import confirm_gift, find_gift
from client.api.hardship_items import find_hardship_item, list_hardship_items
from client.api.hardship_lists import approve_hardship_list, create_hardship_list, find_hardship_list, submit_hardship_list
from client.api.households import create_household, update_household
from client.api.pledges import create_pledge
from client.api.twinnings import list_twinnings
from client.api.visits import create_visit
from client.models import (
    Credentials, FundingSource, GiftCategory, HardshipNeed, HardshipReason, HouseholdChanges, NewHardshipItem, NewHardshipList,
    NewHousehold, NewPledge, NewVisit, NewVisitGift, PovertyStatus, ProblemDetails, VisitPurpose,
)

BASE = sys.argv[1]


def answered(answer):
    assert answer is not None and not isinstance(answer, ProblemDetails), answer
    return answer


def session(username):
    tokens = answered(sign_in.sync(client=Client(BASE), body=Credentials(username=username, password="ketnghia-demo")))
    return AuthenticatedClient(BASE, token=tokens.access_token)


head, commune, office = session("langtung"), session("ianan"), session("vanphong.ianan")
village = answered(find_me.sync(client=head)).locality.id
home = answered(create_household.sync(client=head, body=NewHousehold(
    village_id=village, head_name="Rơ Mah H'Python", ethnic_group="10", poverty_status=PovertyStatus.POOR,
    hardship_reasons=[HardshipReason.TEMPORARY_HOUSE], id=None)))
changed = answered(update_household.sync(home.id, client=head, if_match=f'"{home.version}"', body=HouseholdChanges(note="Nhà dột")))
assert changed.note == "Nhà dột"
lists = answered(create_hardship_list.sync(client=head, body=NewHardshipList(
    village_id=village, year=datetime.date.today().year, round_=int(sys.argv[2]), items=[NewHardshipItem(
        household_id=home.id, reasons=[HardshipReason.TEMPORARY_HOUSE], needs=[HardshipNeed.LIVESTOCK], priority=1)])))
answered(submit_hardship_list.sync(lists.id, client=head))
version = answered(find_hardship_list.sync(lists.id, client=commune)).version
approved = answered(approve_hardship_list.sync(lists.id, client=commune, if_match=f'"{version}"'))
item = approved.items[0].id
answered(create_pledge.sync(item, client=office, body=NewPledge(note="Hai con dê giống")))
twinning = next(one for one in answered(list_twinnings.sync(client=office, locality_id=village)).items
                if one.organisation_name.startswith("Văn phòng"))
visit = answered(create_visit.sync(client=office, body=NewVisit(
    twinning_id=twinning.id, village_id=village, visited_on=datetime.date.today(), purpose=VisitPurpose.HANDOVER, gifts=[NewVisitGift(
        household_id=home.id, category=GiftCategory.LIVESTOCK, description="Hai con dê giống", value_vnd=5_000_000,
        funding_source=FundingSource.ORGANISATION_OWN)])))
gift = answered(find_gift.sync(visit.gifts[0].id, client=head))
confirmed = answered(confirm_gift.sync(gift.id, client=head, if_match=f'"{gift.version}"'))
assert confirmed.status == "confirmed", confirmed.status
assert answered(find_hardship_item.sync(item, client=head)).status == "helped"
assert item in [one.id for one in answered(list_hardship_items.sync(client=head, household_id=home.id)).items]
assert answered(find_support_aggregate.sync(client=commune)).totals.gifts > 0
assert b"gift_value_vnd" in find_support_aggregate_csv.sync_detailed(client=commune).content
missing = find_hardship_item.sync(uuid.uuid4(), client=head)
assert isinstance(missing, ProblemDetails) and missing.code == "not_found", missing
print("python: the tour is done")
