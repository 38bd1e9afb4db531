do $$
declare
  said record;
begin
  for said in select tablename, policyname from pg_policies where schemaname = 'public' loop
    execute format('comment on policy %I on %I is null', said.policyname, said.tablename);
  end loop;
end $$;
