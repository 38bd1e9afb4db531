-- Generates the data of a country with three years of use. It is a bulk load by the superuser: triggers and
-- foreign keys are disabled for this session, so the values that triggers would set (paths, folded words,
-- versions, the latest assessment) are inserted here. Audit entries are omitted.
--
-- Settings: bench.villages, bench.households, bench.gifts, bench.now, bench.password_hash

set session_replication_role = replica;
set synchronous_commit = off;

-- UUIDv7-like ids: a timestamp, then bits derived from a hash of the number, so that they are reproducible.
create function pg_temp.id(kind text, number bigint) returns uuid immutable language sql as $$
  select (lpad(to_hex(1700000000000 + number), 12, '0') || '7' || substr(md5(kind || number), 1, 3)
          || '8' || substr(md5(kind || number), 4, 15))::uuid $$;
create function pg_temp.pick(variadic words text[]) returns text immutable language sql as $$
  select words[2 + abs(hashtext(words[1])) % (cardinality(words) - 1)] $$;
create function pg_temp.setting(name text) returns bigint stable language sql as $$ select current_setting('bench.' || name)::bigint $$;
create function pg_temp.now() returns timestamptz stable language sql as $$ select current_setting('bench.now')::timestamptz $$;

-- Ten villages for each commune, with the communes distributed over the country: each second one lies in the province with the most
-- communes, until it has no other. So this province has 1,660 of 13,600 villages.
create temp table communes as
select row_number() over (order by c.turn, c.id) - 1 as number, c.id, c.scope_path, c.province_id
  from (select l.id, l.scope_path, l.province_id,
               row_number() over (partition by l.province_id = largest.id order by md5(l.id::text)) as turn
          from localities l
         cross join (select province_id as id from localities where level = 'commune' and valid_to is null and province_id is not null
                      group by 1 order by count(*) desc, 1 limit 1) largest
         where l.level = 'commune' and l.valid_to is null and l.province_id is not null) c
 order by c.turn, c.id limit greatest(pg_temp.setting('villages') / 10, 1);

create temp table villages as
select n as number, pg_temp.id('village', n) as id, app_base36(nextval('locality_labels')) as label, c.id as commune_id,
       c.province_id, c.scope_path as commune_path, 'Thôn ' || n as name
  from generate_series(0, pg_temp.setting('villages') - 1) n
  join communes c on c.number = n % (select count(*) from communes);
alter table villages add column scope_path text collate "C";
update villages set scope_path = commune_path || label || '.';
create index on villages (number);
analyze villages;

insert into localities (id, label, level, name, kind, parent_id, scope_path, province_id, commune_id, ethnic_groups,
    created_at, updated_at, version, changed_xid)
select id, label, 'village', name, 'thon', commune_id, scope_path, province_id, commune_id, '{10}',
       pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id() from villages;
insert into locality_versions (id, locality_id, name, kind, parent_id, created_at, updated_at, version, changed_xid)
select pg_temp.id('version', number), id, name, 'thon', commune_id, pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id() from villages;

-- A unit for each two villages, managed by the commune.
create temp table units as
select n as number, pg_temp.id('unit', n) as id, v.commune_id, v.commune_path
  from generate_series(0, (pg_temp.setting('villages') + 1) / 2 - 1) n join villages v on v.number = n * 2;
insert into organisations (id, name, kind, level, locality_id, scope_path, created_at, updated_at, version, changed_xid)
select id, 'Đơn vị ' || number, 'department', 'commune', commune_id, commune_path, pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from units;
insert into programmes (id, title, kind, effective_on, locality_id, scope_path, created_at, updated_at, version, changed_xid)
select pg_temp.id('programme', 0), 'Kế hoạch kết nghĩa', 'plan', '2023-01-01', l.id, l.scope_path, pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from localities l where l.level = 'province' and l.valid_to is null order by l.id limit 1;
insert into twinnings (id, programme_id, organisation_id, organisation_scope_path, locality_id, scope_path, lead, starts_on,
    created_at, updated_at, version, changed_xid)
select pg_temp.id('twinning', v.number), pg_temp.id('programme', 0), u.id, u.commune_path, v.id, v.scope_path, true, '2023-02-01',
       pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from villages v join units u on u.number = v.number / 2;

-- A head for each village, an official for each commune and province, an account for each unit.
create temp table accounts as
select 'head' || number as username, 'village_head' as role, id as locality_id, null::uuid as organisation_id, scope_path from villages
union all select 'commune' || number, 'commune', id, null, scope_path from communes
union all select 'unit' || number, 'twinning_unit', null, id, commune_path from units
union all select 'province' || row_number() over (order by id), 'province', id, null, scope_path
  from localities where level = 'province' and valid_to is null and scope_path ~ '^0\.[0-9A-Z]+\.$';
insert into users (id, username, full_name, role, locality_id, organisation_id, scope_path, must_change_password,
    created_at, updated_at, version, changed_xid)
select pg_temp.id(username, 0), username, username, role, locality_id, organisation_id, scope_path, false,
       pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id() from accounts;
insert into user_passwords (user_id, hash) select id, current_setting('bench.password_hash') from users;
insert into sessions (id, user_id, created_at, refreshed_at) select id, id, pg_temp.now(), pg_temp.now() from users;

-- Households, each with two members besides its head.
create temp table homes as
select n as number, pg_temp.id('household', n) as id, v.number as village, v.id as village_id, v.scope_path,
       pg_temp.pick('a' || n, 'Rơ Mah', 'Siu', 'Ksor', 'Kpă', 'Đinh', 'Hyưh', 'Nông', 'Hoàng', 'Lương', 'Lý', 'Vi', 'Mông', 'Điểu', 'Y', 'Trần') || ' '
         || pg_temp.pick('b' || n, 'H''', 'Văn', 'Thị', 'Y', 'Minh', 'Xuân', 'Ngọc', 'Thanh', 'Kim', 'Đức') || ' '
         || pg_temp.pick('c' || n, 'Blơi', 'Pyui', 'Hlơ', 'Bloan', 'Thương', 'Sơn', 'Phyên', 'Kloanh', 'Lan', 'Tâm', 'Dũng', 'Hoa', 'Ngao', 'Bình', 'Tung')
         as head_name,
       pg_temp.pick('p' || n, 'poor', 'near_poor', 'newly_escaped', 'average', 'not_poor') as poverty_status,
       n < pg_temp.setting('villages') * 10 as listed
  from generate_series(0, pg_temp.setting('households') - 1) n
  join villages v on v.number = n % pg_temp.setting('villages');
create index on homes (number);
analyze homes;
insert into households (id, village_id, scope_path, head_name, head_sex, head_birth_year, ethnic_group, poverty_status, poverty_year,
    poverty_assessed_on, poverty_standard, hardship_reasons, listed, created_at, updated_at, version, changed_xid)
select id, village_id, scope_path, head_name, 'female', 1950 + number % 50, '10', poverty_status, 2026, '2026-01-10', 'nd07_2021',
       case when listed then array['temporary_house'] else '{}' end, listed,
       pg_temp.now() - interval '3 years' + make_interval(secs => number), pg_temp.now(), 1, pg_current_xact_id()
  from homes;
insert into household_words (household_id, scope_path, word) select id, scope_path, word from homes, app_words(head_name) word;
insert into household_members (id, household_id, scope_path, name, birth_year, relation, student, created_at, updated_at, version, changed_xid)
select pg_temp.id('member' || part, number), id, scope_path, head_name, 2005 + part, 'con', true, pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from homes, generate_series(1, 2) part;
insert into household_assessments (id, household_id, scope_path, round_year, round_kind, standard, poverty_status, assessed_on, status, confirmed_at,
    created_at, updated_at, version, changed_xid)
select pg_temp.id('assessment', number), id, scope_path, 2026, 'regular', 'nd07_2021', poverty_status, '2026-01-10', 'confirmed', pg_temp.now(),
       pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from homes;

-- A list of each village in each of the last two years, with five of its households; most were helped.
create temp table lists as
select v.number, y.year, pg_temp.id('list' || y.year, v.number) as id, v.id as village_id, v.scope_path
  from villages v cross join (values (2025), (2026)) y (year);
insert into hardship_lists (id, village_id, scope_path, year, round, status, submitted_at, approved_at, created_at, updated_at, version, changed_xid)
select id, village_id, scope_path, year, 1, 'approved', make_timestamptz(year, 2, 1, 0, 0, 0), make_timestamptz(year, 2, 5, 0, 0, 0),
       make_timestamptz(year, 1, 20, 0, 0, 0), pg_temp.now(), 1, pg_current_xact_id()
  from lists;
insert into hardship_items (id, list_id, village_id, scope_path, household_id, reasons, needs, priority, approved, status,
    created_at, updated_at, version, changed_xid)
select pg_temp.id('item' || l.year || part, l.number), l.id, l.village_id, l.scope_path,
       pg_temp.id('household', l.number + pg_temp.setting('villages') * (part + 5 * (l.year - 2025))), '{temporary_house}', '{livestock}', 1, true,
       case when l.number % 4 = 0 then 'open' else 'helped' end,
       make_timestamptz(l.year, 1, 20, 0, 0, 0) + make_interval(secs => l.number), pg_temp.now(), 1, pg_current_xact_id()
  from lists l, generate_series(0, 4) part;

-- Four gifts at each visit, over three years.
create temp table visited as
select n as number, pg_temp.id('visit', n) as id, v.number as village, v.id as village_id, v.scope_path, u.id as unit_id,
       pg_temp.id('twinning', v.number) as twinning_id, pg_temp.id('unit' || u.number, 0) as account_id,
       (pg_temp.now() - interval '3 years')::date + (n * 7919 % 1095)::int as day
  from generate_series(0, pg_temp.setting('gifts') / 4 - 1) n
  join villages v on v.number = n % pg_temp.setting('villages')
  join units u on u.number = v.number / 2;
insert into visits (id, twinning_id, organisation_id, village_id, scope_path, visited_on, purpose, participants, acted_by,
    created_at, updated_at, version, changed_xid)
select id, twinning_id, unit_id, village_id, scope_path, day, 'handover', 5, account_id, pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from visited;
insert into gifts (id, visit_id, twinning_id, organisation_id, village_id, scope_path, households_count, households_named, household_id, category, description, value_vnd,
    funding_source, given_on, status, acted_by, created_at, updated_at, version, changed_xid)
select pg_temp.id('gift' || part, v.number), v.id, v.twinning_id, v.unit_id, v.village_id, v.scope_path, 1, 1,
       pg_temp.id('household', v.village + pg_temp.setting('villages') * ((v.number / pg_temp.setting('villages') * 4 + part)
         % (pg_temp.setting('households') / pg_temp.setting('villages')))),
       pg_temp.pick('g' || v.number || part, 'food', 'cash', 'clothes', 'livestock', 'tool'), 'Quà tặng', 100000 * (1 + (v.number + part) % 50),
       pg_temp.pick('f' || v.number || part, 'organisation_own', 'staff_contribution', 'enterprise', 'donor'), v.day,
       case when (v.number + part) % 10 < 8 then 'confirmed' else 'recorded' end, v.account_id, pg_temp.now(), pg_temp.now(), 1, pg_current_xact_id()
  from visited v, generate_series(0, 3) part;
insert into support_changes (village_id, scope_path, year)
select id, scope_path, year from villages cross join (select distinct extract(year from day)::integer from visited) years(year);

set session_replication_role = origin;
