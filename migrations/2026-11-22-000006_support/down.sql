drop table gifts, visit_households, visits;
drop trigger follow_item on pledges;
drop function app_follow_item(), app_refresh_item(uuid);
