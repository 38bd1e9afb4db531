drop index hardship_items_unhelped;

comment on column households.listed is 'On a hardship list that was approved: then, and only then, twinned units see it';
drop trigger ab_listed on households;
drop function app_list_where_it_lives();
drop trigger refresh_listed_deleted on hardship_items;
drop trigger refresh_listed_updated on hardship_items;
drop trigger refresh_listed_inserted on hardship_items;
drop function app_refresh_listed();

drop trigger once on twinnings;
drop function app_twinning_once();

create or replace function app_index_household() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' then
    if new.head_name = old.head_name then return null; end if;
    delete from public.household_words w where w.household_id = new.id;
  end if;
  insert into public.household_words (household_id, scope_path, word)
  select new.id, new.scope_path, word from public.app_words(new.head_name) word;
  return null;
end $$;
create or replace function app_index_locality() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.locality_words (locality_id, word)
  select new.locality_id, word from public.app_words(new.name) word
  on conflict do nothing;
  return null;
end $$;
alter table households no force row level security;
alter table household_words no force row level security;
alter table locality_versions no force row level security;
alter table locality_words no force row level security;
delete from household_words w using households h
 where h.id = w.household_id and not exists (select from app_words(h.head_name) word where word collate "C" = w.word);
delete from locality_words w
 where not exists (select from locality_versions v, app_words(v.name) word where v.locality_id = w.locality_id and word collate "C" = w.word);
alter table households force row level security;
alter table household_words force row level security;
alter table locality_versions force row level security;
alter table locality_words force row level security;
drop function app_index_words(text);
