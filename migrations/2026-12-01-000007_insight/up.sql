-- Insight: sums of gifts and visits for each village and month, quarter and year. A year of the whole country is 14,000 of these
-- rows instead of 417,000 gifts and visits: at a million gifts, counting the country by province took PostgreSQL one second.
--
-- A summary counts only where support_changes holds no mark. The transaction that writes a gift or a visit inserts a mark; a marked
-- village is counted from its gifts and visits, and a job recounts it and deletes the mark. So the numbers are right whether or
-- not the job has run, and writers neither count nor wait for each other.

create table support_changes (
  id bigint generated always as identity primary key,
  village_id uuid not null,
  scope_path text collate "C" not null,
  year integer not null,
  constraint support_changes_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path)
    on update cascade on delete cascade
);
comment on table support_changes is 'Marks: gifts or visits of the village in this year have changed since its summaries were counted';
create index support_changes_village_id on support_changes (village_id, scope_path);

create table support_summaries (
  village_id uuid not null,
  scope_path text collate "C" not null,
  period text not null constraint support_summaries_period check (period in ('month', 'quarter', 'year')),
  starts_on date not null,
  visits integer not null,
  gifts integer not null,
  gifts_confirmed integer not null,
  gift_value_vnd bigint not null,
  loans_vnd bigint not null,
  households_unnamed bigint not null,
  last_visit_on date,
  last_holiday_visit_on date,
  last_gift_on date,
  households integer not null,
  wandering_households uuid[] not null,
  constraint support_summaries_pkey primary key (village_id, period, starts_on),
  constraint support_summaries_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path)
    on update cascade on delete cascade
);
comment on table support_summaries is
  'Support of a village, or of a commune itself, in a month, a quarter or a year; valid where the place has no mark in support_changes';
comment on column support_summaries.village_id is 'The village, or the commune that received support itself';
comment on column support_summaries.households_unnamed is 'Homes reached by gifts to many, without the named ones';
comment on column support_summaries.households is
  'Distinct households with gifts in this village and in no other at any time: the numbers may be added up over villages';
comment on column support_summaries.wandering_households is
  'Households with gifts in this village and, at any time, in another: each counts once among villages';
create index support_summaries_village_id on support_summaries (village_id, scope_path);
create index support_summaries_scope_path on support_summaries (period, starts_on, scope_path);
-- For the last days of the places of a province, over all years.
create index support_summaries_years on support_summaries (scope_path) where period = 'year';
-- Small: few households receive gifts in two villages.
create index support_summaries_wandering on support_summaries (period, starts_on, scope_path) where wandering_households <> '{}';
