drop table api_keys, sign_in_addresses, sign_in_failures, refresh_tokens, sessions, devices, account_makers, user_passwords, users;
