-- What the serving role may call. Everything else is called by these, with their owner's rights: a statement that
-- slips through to PostgreSQL forges no entry of the audit and takes no try of a password.
alter default privileges in schema public revoke execute on functions from app;
revoke execute on all functions in schema public from app;
do $$
declare
  callable constant text[] := array[
    'app_access_used', 'app_analyze_places', 'app_ancestor', 'app_audit_read', 'app_audit_sealed',
    'app_base36', 'app_begin_own_password', 'app_begin_sign_in', 'app_change_own_password', 'app_claim',
    'app_deletions_to_seal', 'app_end_own_session', 'app_end_session', 'app_end_sessions', 'app_enter',
    'app_enter_as', 'app_enter_key', 'app_enter_public', 'app_enter_system', 'app_fold',
    'app_forget', 'app_fresh_deletions', 'app_give_one_time_password', 'app_has_account', 'app_high',
    'app_hold_list', 'app_household_decided', 'app_household_history', 'app_in_range', 'app_item_held', 'app_low',
    'app_mark_support',
    'app_matches', 'app_member_given', 'app_merge_households', 'app_name_was_taken', 'app_naming_pause', 'app_now',
    'app_organisation', 'app_own_account', 'app_own_sessions', 'app_password_was_wrong', 'app_path',
    'app_paths', 'app_place', 'app_place_labels', 'app_place_level', 'app_place_name',
    'app_places_above', 'app_places_of', 'app_rank', 'app_refresh', 'app_refresh_item',
    'app_refuse', 'app_replace_password', 'app_role', 'app_own_accounts', 'app_seal_deletion',
    'app_sealed_deletions', 'app_session_view', 'app_share_maker', 'app_set', 'app_set_tree_day', 'app_sign_in',
    'app_summarise_support', 'app_timeline', 'app_today', 'app_tree', 'app_twinned_places',
    'app_twinning_active', 'app_twinning_status', 'app_user_id', 'app_village_name', 'app_villages',
    'app_visit_gave', 'app_with_caller', 'app_words'];
  found regprocedure;
begin
  for found in select p.oid from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname = any (callable) loop
    execute format('grant execute on function %s to app', found);
  end loop;
end $$;
