-- Insight: sums of gifts and visits for each village, commune and province, and month, quarter and year. A year of the whole country is
-- 34 of these rows by province and 14,000 by village, instead of 417,000 gifts and visits: at a million gifts, counting the country by
-- province took PostgreSQL one second from the records, and 100 ms from the villages.
--
-- A summary counts only where support_changes holds no mark of the place or of a place in it. The transaction that writes a gift or a
-- visit inserts a mark, and so does one that moves a village; what is marked is counted from the level below, a marked village from its
-- gifts and visits, and a job recounts it and deletes the mark. So the numbers are right whether or not the job has run, and writers
-- neither count nor wait for each other.

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
  place_id uuid not null,
  scope_path text collate "C" not null,
  level text not null constraint support_summaries_level check (level in ('place', 'commune', 'province')),
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
  constraint support_summaries_pkey primary key (place_id, level, period, starts_on),
  constraint support_summaries_place_id_fkey foreign key (place_id, scope_path) references localities (id, scope_path)
    on update cascade on delete cascade
);
comment on table support_summaries is
  'Support of a place in a month, a quarter or a year; valid where support_changes has no mark of the place or of a place in it';
comment on column support_summaries.level is
  'place: a village, or what a commune received itself; commune, province: with all places in it, in the tree of today';
comment on column support_summaries.households_unnamed is 'Homes reached by gifts to many, without the named ones';
comment on column support_summaries.households is
  'Distinct households with gifts in one village and in no other at any time: the numbers may be added up over places';
comment on column support_summaries.wandering_households is
  'Households with gifts in the place and, at any time, in two villages: each counts once among places';
create index support_summaries_place_id on support_summaries (place_id, scope_path);
create index support_summaries_scope_path on support_summaries (level, period, starts_on, scope_path);
-- For the last days of the places of a province, over all years.
create index support_summaries_years on support_summaries (level, scope_path) where period = 'year';
-- Small: few households receive gifts in two villages.
create index support_summaries_wandering on support_summaries (level, period, starts_on, scope_path) where wandering_households <> '{}';
