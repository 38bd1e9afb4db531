drop function app_own_accounts(), app_share_maker(uuid[]), app_two_person_days();
drop trigger tell_of_move on users;
drop function app_tell_of_move();
drop function app_replace_password(uuid, text, timestamptz), app_tell_of_account(uuid, text), app_give_one_time_password(uuid, text, timestamptz),
  app_change_own_password(text, text), app_refresh(bytea, bytea, text, integer, integer), app_sign_in(uuid, bytea, text, uuid, text, bytea),
  app_password_was_wrong(text, text, text), app_begin_own_password(text, integer), app_begin_sign_in(text, bytea, text, integer), app_sign_in_subject(text, bytea),
  app_address_wait(text, integer), app_subscriber(text), app_forgive(text), app_name_was_taken(), app_naming_pause(), app_take_try(text), app_sign_in_pause(integer, timestamptz);
drop table sign_in_addresses;
