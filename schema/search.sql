-- Search by folded words: without case, diacritics and punctuation. app_fold is defined in the kernel migration, because a generated
-- column calls it.

create function app_matches(value text, part text) returns boolean immutable strict parallel safe language sql
  as $$ select public.app_fold(part) <> '' and public.app_fold(value) like '%' || public.app_fold(part) || '%' $$;
comment on function app_matches(text, text) is 'Whether a text contains a part, without case and diacritics; uses no index, so for short lists only';

create function app_words(value text) returns setof text immutable parallel safe language sql
  as $$ select distinct word from unnest(string_to_array(public.app_fold(value), ' ')) word where word <> '' $$;

-- H'Blơi is typed "h'bl", "h bl" and "hbl": the index holds the words on both sides of the apostrophe, and the word without it.
-- One SELECT, and not STRICT, so that the planner inlines it: as a function scan it took 0.2 ms for each name.
create function app_index_words(value text) returns setof text immutable parallel safe language sql
  as $$ select word from public.app_words(value || ' ' || translate(value, '''’‘ʼ`´', '')) word $$;
comment on function app_index_words(text) is 'Words of a name for the index; a search is split by app_words';

select app_callable('app_base36', 'app_fold', 'app_matches', 'app_words');
