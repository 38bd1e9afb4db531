-- The caller: settings of a transaction that the policies read.
--
-- The entry functions (`accounts.sql`) write transaction-local settings. After a COMMIT such a setting is '' and not NULL, and ''
-- as a lower bound would mean every place: every function applies nullif. Policies call them as `(select app_low())`, which
-- PostgreSQL evaluates once for each query and not once for each row.

create function app_low() returns text stable parallel safe language sql
  as $$ select nullif(current_setting('app.low', true), '') $$;
comment on function app_low() is 'First scope_path of the caller''s range of places (inclusive); null: an empty range';

create function app_high() returns text stable parallel safe language sql
  as $$ select nullif(current_setting('app.high', true), '') $$;
comment on function app_high() is 'End of the caller''s range of places (exclusive)';

create function app_role() returns text stable parallel safe language sql
  as $$ select nullif(current_setting('app.role', true), '') $$;
comment on function app_role() is 'Role of the caller, or system, key, public; null before an entry function ran';

create function app_user_id() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

create function app_session_id() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.session_id', true), '')::uuid $$;

create function app_rank() returns smallint stable parallel safe language sql
  as $$ select nullif(current_setting('app.rank', true), '')::smallint $$;
comment on function app_rank() is 'Rank of the caller''s office, 0 for an administrator; an office manages the accounts of greater ranks';

create function app_organisation() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.organisation', true), '')::uuid $$;
comment on function app_organisation() is 'The organisation that the caller acts for: its own, or the one that represents its place';

create function app_organisations() returns uuid[] stable parallel safe language sql
  as $$ select nullif(current_setting('app.organisations', true), '')::uuid[] $$;
comment on function app_organisations() is 'The same, and the organisations that it succeeded, whose records it reads';

create function app_acts_for(organisation uuid) returns boolean stable parallel safe language sql
  as $$ select coalesce(organisation = any (public.app_organisations()), false) $$;
comment on function app_acts_for(uuid) is 'Whether an organisation is that of the caller, or one that it succeeded';

create function app_villages() returns uuid[] stable parallel safe language sql
  as $$ select nullif(current_setting('app.villages', true), '')::uuid[] $$;
comment on function app_villages() is 'Villages that the caller''s organisation is twinned with today';

create function app_communes() returns uuid[] stable parallel safe language sql
  as $$ select nullif(current_setting('app.communes', true), '')::uuid[] $$;
comment on function app_communes() is 'Communes for which the caller''s organisation may record support of the commune itself';

create function app_late_entry_days() returns integer stable parallel safe language sql
  as $$ select coalesce(nullif(current_setting('app.late_entry_days', true), '')::integer, 90) $$;
comment on function app_late_entry_days() is
  'LATE_ENTRY_DAYS: days after the last day of a twinning in which the unit may still record what happened before';

create function app_place() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.place', true), '')::uuid $$;
comment on function app_place() is 'The place of an API key';

-- Of users of an organisation that is no state body; app_enter sets it.
create function app_withholds() returns boolean stable parallel safe language sql
  as $$ select coalesce(nullif(current_setting('app.withholds', true), '')::boolean, false) $$;
comment on function app_withholds() is 'Whether sensitive fields are withheld from the caller';

create function app_non_state_kinds() returns text[] stable parallel safe language sql
  as $$ select string_to_array(coalesce(nullif(current_setting('app.non_state_kinds', true), ''), 'enterprise,cooperative,other'), ',') $$;
comment on function app_non_state_kinds() is 'NON_STATE_KINDS: kinds of organisations that are no state bodies';

create function app_now() returns timestamptz stable parallel safe language sql
  as $$ select nullif(current_setting('app.now', true), '')::timestamptz $$;
comment on function app_now() is 'The moment of the request by the service''s clock, which tests and demonstrations move';

create function app_today() returns date stable parallel safe language sql
  as $$ select (public.app_now() at time zone 'Asia/Ho_Chi_Minh')::date $$;
comment on function app_today() is 'The current day in Vietnam';

create function app_in_range(path text) returns boolean stable parallel safe language sql
  as $$ select coalesce(path collate "C" >= public.app_low() and path collate "C" < public.app_high(), false) $$;
comment on function app_in_range(text) is
  'Whether the caller''s range contains a path; policies write the comparison out, so that it can use an index';

-- Returns the value of set_config and not void: PostgreSQL inlines it into its caller. The entry of a village head: 320 → 84 µs.
create function app_set(name text, value text) returns text language sql
  as $$ select set_config('app.' || name, coalesce(value, ''), true) $$;
comment on function app_set(text, text) is 'Sets app.<name> for the rest of the transaction';

-- Raises a refusal, which the service recognises by its constraint name.
create function app_refuse(reason text) returns void language plpgsql as $$
begin
  raise exception 'refused' using constraint = reason, errcode = 'insufficient_privilege';
end $$;

create function app_two_person_days() returns integer stable parallel safe language sql
  as $$ select coalesce(nullif(current_setting('app.two_person_days', true), '')::integer, 30) $$;
comment on function app_two_person_days() is
  'TWO_PERSON_DAYS: days for which the maker of an account, or of its last reset, counts as its owner; 0: never';

select app_callable('app_acts_for', 'app_communes', 'app_high', 'app_in_range', 'app_late_entry_days', 'app_low', 'app_now', 'app_organisation', 'app_organisations', 'app_place', 'app_rank', 'app_refuse', 'app_role',
  'app_set', 'app_today', 'app_user_id', 'app_villages', 'app_withholds');
