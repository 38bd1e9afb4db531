-- Support: visits to villages, and gifts.

create table visits (
  id uuid primary key,
  twinning_id uuid not null constraint visits_twinning_id_fkey references twinnings,
  organisation_id uuid not null constraint visits_organisation_id_fkey references organisations,
  village_id uuid,
  locality_id uuid,
  scope_path text collate "C" not null,
  visited_on date not null,
  purpose text not null constraint visits_purpose check (purpose in ('holiday', 'survey', 'propaganda', 'monitoring', 'handover', 'other')),
  occasion text,
  participants integer constraint visits_participants check (participants between 1 and 10000),
  findings text,
  latitude double precision constraint visits_latitude check (latitude between -90 and 90),
  longitude double precision constraint visits_longitude check (longitude between -180 and 180),
  recorded_at timestamptz,
  acted_by uuid,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint visits_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint visits_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint visits_place check (num_nonnulls(village_id, locality_id) = 1)
);
comment on table visits is 'Visits of units to villages and communes';
comment on column visits.locality_id is 'The commune that was visited itself';
comment on column visits.organisation_id is 'The organisation of the twinning on the day of the visit';
comment on column visits.on_behalf_of is 'The organisation, where an official entered the record from its paper';
comment on column visits.recorded_at is 'By the clock of the phone, stored as sent';
create index visits_twinning_id on visits (twinning_id);
create index visits_organisation_id on visits (organisation_id, visited_on);
create index visits_village_id on visits (village_id, scope_path);
create index visits_locality_id on visits (locality_id, scope_path) where locality_id is not null;
create index visits_village_day on visits (village_id, visited_on, id);
create index visits_scope_path on visits (scope_path, visited_on);
create index visits_visited_on on visits (visited_on, id, scope_path);
create index visits_changed on visits (changed_xid, id);

create table visit_households (
  visit_id uuid not null constraint visit_households_visit_id_fkey references visits on delete cascade,
  household_id uuid not null constraint visit_households_household_id_fkey references households,
  constraint visit_households_pkey primary key (visit_id, household_id)
);
comment on table visit_households is 'The households of a visit';
create index visit_households_household_id on visit_households (household_id);

create table gifts (
  id uuid primary key,
  visit_id uuid constraint gifts_visit_id_fkey references visits,
  twinning_id uuid not null constraint gifts_twinning_id_fkey references twinnings,
  organisation_id uuid not null constraint gifts_organisation_id_fkey references organisations,
  village_id uuid,
  locality_id uuid,
  scope_path text collate "C" not null,
  household_id uuid constraint gifts_household_id_fkey references households,
  member_id uuid constraint gifts_member_id_fkey references household_members,
  hardship_item_id uuid constraint gifts_hardship_item_id_fkey references hardship_items,
  item_automatic boolean not null default true,
  recipient_group text constraint gifts_recipient_group check (recipient_group in ('poor', 'near_poor', 'newly_escaped', 'special_hardship',
    'merit_family', 'social_protection', 'disabled', 'elderly', 'orphan', 'student', 'prestigious_person', 'all', 'other')),
  households_count integer constraint gifts_households_count check (households_count between 1 and 100000),
  households_named integer not null default 0 constraint gifts_households_named check (households_named >= 0),
  category text not null constraint gifts_category check (category in ('food', 'cash', 'clothes', 'study_equipment', 'bicycle', 'medicine',
    'household_goods', 'seedling', 'livestock', 'tool', 'equipment', 'other')),
  description text not null constraint gifts_description check (description <> ''),
  quantity numeric(15, 3) constraint gifts_quantity check (quantity > 0),
  unit text,
  value_vnd bigint not null constraint gifts_value_vnd check (value_vnd between 0 and 1000000000000),
  funding_source text not null constraint gifts_funding_source check (funding_source in ('programme_direct', 'central_budget',
    'province_budget', 'district_budget', 'commune_budget', 'programme_integrated', 'organisation_own', 'staff_contribution', 'enterprise',
    'mass_organisation', 'donor', 'community', 'credit', 'labour_days', 'other_legal')),
  given_on date not null,
  note text,
  status text not null default 'recorded' constraint gifts_status check (status in ('recorded', 'confirmed', 'disputed', 'not_delivered')),
  dispute_reason text,
  settlement_note text,
  correction_reason text,
  written_by uuid[] not null default '{}',
  acted_by uuid not null,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint gifts_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint gifts_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint gifts_place check (num_nonnulls(village_id, locality_id) = 1),
  constraint gifts_member_of_household check (member_id is null or household_id is not null),
  constraint gifts_one_or_many check (household_id is null or recipient_group is null and households_count = 1 and households_named = 1),
  constraint gifts_named check (households_named <= households_count)
);
comment on table gifts is 'Gifts to a household, to one of its members, to many households, to the whole village, or to a commune';
comment on column gifts.locality_id is 'The commune to which it was given itself';
comment on column gifts.item_automatic is 'The service chooses the listed item; false: a caller chose it, or none';
comment on column gifts.households_count is 'All homes reached, named or not; null: the whole village or commune';
comment on column gifts.households_named is 'Known households: 1, or the number of recipients';
comment on column gifts.value_vnd is 'Whole VND, the total';
comment on column gifts.written_by is 'Accounts that changed it: none of them may confirm it';
comment on column gifts.acted_by is 'The account that recorded it, which may not confirm it';
create index gifts_visit_id on gifts (visit_id);
create index gifts_twinning_id on gifts (twinning_id);
create index gifts_organisation_id on gifts (organisation_id, given_on);
create index gifts_village_id on gifts (village_id, scope_path);
create index gifts_locality_id on gifts (locality_id, scope_path) where locality_id is not null;
create index gifts_village_day on gifts (village_id, given_on, id);
create index gifts_member_id on gifts (member_id);
create index gifts_hardship_item_id on gifts (hardship_item_id);
create index gifts_scope_path on gifts (scope_path, given_on);
create index gifts_given_on on gifts (given_on, id, scope_path);
-- Ordered by village too: app_mark_support and app_summarise_support look for other villages with < and with >, each of which
-- reads one index entry, however many gifts a household received in this village.
create index gifts_household_village on gifts (household_id, village_id);
create index gifts_changed on gifts (changed_xid, id);

create table gift_recipients (
  gift_id uuid not null constraint gift_recipients_gift_id_fkey references gifts on delete cascade,
  household_id uuid not null constraint gift_recipients_household_id_fkey references households,
  village_id uuid not null,
  hardship_item_id uuid constraint gift_recipients_hardship_item_id_fkey references hardship_items,
  item_automatic boolean not null default true,
  constraint gift_recipients_pkey primary key (gift_id, household_id)
);
comment on table gift_recipients is 'The known households of a gift to many';
comment on column gift_recipients.village_id is 'The village of the gift';
create index gift_recipients_household_village on gift_recipients (household_id, village_id);
create index gift_recipients_hardship_item_id on gift_recipients (hardship_item_id) where hardship_item_id is not null;
