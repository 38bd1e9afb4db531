drop function app_visit_gave(uuid);
drop function app_member_given(uuid);
drop function app_item_held(uuid);
drop trigger ab_keep_identity on organisations;
drop function app_keep_identity();
drop table gifts, visit_households, visits;
drop trigger follow_item on pledges;
drop function app_follow_item(), app_refresh_item(uuid), app_village_name(uuid), app_has_account(uuid);
