//! Settings of every connection, with time-outs for unreachable servers, locks and statements.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::r2d2::CustomizeConnection;

/// Parameters of libpq that DATABASE_URL may override. An unreachable server is detected by
/// `tcp_user_timeout` (milliseconds) while data is sent, and by keepalives while an answer is awaited.
const DEFAULTS: [(&str, &str); 6] = [
    ("connect_timeout", "2"),
    ("tcp_user_timeout", "2000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    ("fallback_application_name", "ketnghia"),
];

/// Adds the defaults for missing parameters to a URL or `key=value` string.
pub fn with_defaults(url: &str) -> String {
    let after_scheme = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    // As in libpq, a question mark in a password does not start the parameters.
    let has_parameters = after_scheme.is_some_and(|rest| match rest.split_once(['@', '/']) {
        Some((login, host)) if rest.as_bytes().get(login.len()) == Some(&b'@') => host.contains('?'),
        _ => rest.contains('?'),
    });
    let mut whole = url.to_owned();
    let mut separator = if has_parameters { '&' } else { '?' };
    for (name, value) in DEFAULTS.iter().filter(|(name, _)| !url.contains(&format!("{name}="))) {
        whole.push(if after_scheme.is_some() { separator } else { ' ' });
        whole.push_str(&format!("{name}={value}"));
        separator = '&';
    }
    whole
}

/// Sets the role `app`, a statement time-out of ten seconds and a lock time-out of three. Generic plans are
/// forced: a statement is planned once for each connection, because planning a list takes longer than reading
/// it. Where the plan depends on values, the statement text differs (`access::reach`), or an aggregate enables
/// custom plans for its transaction. JIT is off: PostgreSQL compiled the tree of places of a day for 1.5 s, a query of 50 ms.
#[derive(Debug)]
pub struct ServeAsApp {
    pub rules: Rules,
}

/// Settings of the service that functions of the database read as `app.<name>`; without them the functions have defaults.
pub type Rules = Vec<(&'static str, String)>;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for ServeAsApp {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        let settings = |(name, value): &(&str, String)| format!("set_config('app.{name}', '{value}', false),");
        let rules: String = self.rules.iter().map(settings).collect();
        conn.batch_execute(&format!(
            "SET ROLE app;
             SELECT set_config('statement_timeout', '10s', false),
                    set_config('lock_timeout', '3s', false),
                    set_config('idle_in_transaction_session_timeout', '30s', false),
                    set_config('plan_cache_mode', 'force_generic_plan', false),
                    set_config('jit', 'off', false),
                    {rules}
                    set_config('timezone', 'UTC', false)"
        ))
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_stays_and_the_rest_is_added() {
        let ours = "connect_timeout=2&tcp_user_timeout=2000&keepalives_idle=5&keepalives_interval=2&keepalives_count=3&fallback_application_name=ketnghia";
        for (url, separator) in [
            ("postgres://login:secret@host/db", '?'),
            ("postgres://login:what?@host/db", '?'),
            ("postgresql://host/db?sslmode=verify-full", '&'),
            ("postgres:///db?options=a@b", '&'),
        ] {
            assert_eq!(with_defaults(url), format!("{url}{separator}{ours}"));
        }
        assert_eq!(with_defaults("host=db user=me"), format!("host=db user=me {}", ours.replace('&', " ")));
        let patient = with_defaults("postgres://host/db?connect_timeout=30");
        assert!(patient.contains("connect_timeout=30&tcp_user_timeout") && !patient.contains("connect_timeout=2"));
    }
}
