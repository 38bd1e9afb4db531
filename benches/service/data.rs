//! The data set, on a PostgreSQL of its own.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bytea, Text, Uuid as SqlUuid};
use ketnghia::access::passwords;
use ketnghia::access::tokens::Tokens;
use ketnghia::insight::aggregates::summaries;
use ketnghia::kernel::clock::Clock;
use ketnghia::kernel::db::{Db, migrate};
use ketnghia::kernel::secrets::Secrets;
use ketnghia::places::loader::{self, Selection};
use ketnghia::postgres::Embedded;
use serde_json::Value;
use uuid::Uuid;

use crate::Settings;

pub const DATABASE: &str = "bench";
pub const PASSWORD: &str = "mật-khẩu-của-bài-đo";
const SQL: &str = include_str!("data.sql");
/// Provinces of the small data set: Gia Lai and Quảng Ngãi.
const SMALL: [&str; 2] = ["52", "51"];

pub struct Cluster {
    pub embedded: Embedded,
    // Declared last, so that it is dropped after PostgreSQL has ended.
    folder: Folder,
}

struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Cluster {
    pub fn prepare(settings: &Settings) -> Result<Self, String> {
        let temporary = || PathBuf::from(format!("/tmp/ketnghia-bench-{}", std::process::id()));
        let path = settings.data_dir.clone().unwrap_or_else(temporary);
        fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        let folder = Folder { path, kept: settings.data_dir.is_some() };
        // With fsync, so that creations are measured as in production.
        let embedded = Embedded::start(&folder.path.join("postgres"), true)?;
        let cluster = Self { embedded, folder };
        let done = cluster.folder.path.join("data-set");
        let wanted = format!("{} {} {}", settings.villages, settings.households, settings.gifts);
        match fs::read_to_string(&done) {
            Ok(there) if there == wanted => {}
            Ok(there) => return Err(format!("{} contains another data set ({there})", cluster.folder.path.display())),
            Err(_none) => {
                cluster.fill(settings)?;
                fs::write(done, wanted).map_err(|error| error.to_string())?;
            }
        }
        Ok(cluster)
    }

    fn fill(&self, settings: &Settings) -> Result<(), String> {
        let begun = Instant::now();
        let mut postgres = self.connect("postgres")?;
        let create = format!("CREATE DATABASE {DATABASE} OWNER app_owner");
        postgres.batch_execute(&create).map_err(|error| error.to_string())?;
        let url = self.embedded.url(DATABASE);
        migrate::migrate(&self.embedded.superuser_url(DATABASE))?;
        let db = Db::connect(&url, 1, Clock::default())?;
        let selection = if settings.small { Selection::Provinces(&SMALL) } else { Selection::Everything };
        loader::load_selection(&db, db.clock.today(), selection).map_err(|problem| problem.to_string())?;
        let hash = passwords::hash(PASSWORD).map_err(|problem| problem.to_string())?;
        let mut conn = self.connect(DATABASE)?;
        for (name, value) in [
            ("villages", settings.villages.to_string()),
            ("households", settings.households.to_string()),
            ("gifts", settings.gifts.to_string()),
            ("now", Utc::now().to_rfc3339()),
            ("password_hash", hash),
        ] {
            sql_query("SELECT set_config('bench.' || $1, $2, false)")
                .bind::<Text, _>(name)
                .bind::<Text, _>(value)
                .execute(&mut conn)
                .map_err(|error| error.to_string())?;
        }
        conn.batch_execute(SQL).map_err(|error| format!("the data set: {error}"))?;
        self.seal_phones(&mut conn)?;
        summaries::refresh(&db).map_err(|problem| problem.to_string())?;
        for sql in ["VACUUM ANALYZE", "CHECKPOINT"] {
            conn.batch_execute(sql).map_err(|error| error.to_string())?;
        }
        println!("data set of {} gifts created in {:.0} s", settings.gifts, begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Seals the phones of households without one, with the key that the server will use.
    pub fn seal_phones(&self, conn: &mut PgConnection) -> Result<(), String> {
        #[derive(QueryableByName)]
        struct Home {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
        }
        let (_, secrets) = self.keys()?;
        let homes: Vec<Home> = sql_query(
            "SELECT h.id FROM households h WHERE NOT EXISTS (SELECT FROM household_private p WHERE p.household_id = h.id)",
        )
        .load(conn).map_err(|error| error.to_string())?;
        for part in homes.chunks(10_000) {
            let sealed: Vec<Vec<u8>> = part
                .iter()
                .map(|home| secrets.seal(home.id, "phone", "0905123456"))
                .collect::<Result<_, _>>()
                .map_err(|problem| problem.to_string())?;
            let ids: Vec<Uuid> = part.iter().map(|home| home.id).collect();
            sql_query("INSERT INTO household_private (subject_id, household_id, phone) SELECT id, id, sealed FROM unnest($1, $2) made(id, sealed)")
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<Array<Bytea>, _>(sealed)
                .execute(conn)
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Connects as the superuser.
    pub fn connect(&self, database: &str) -> Result<PgConnection, String> {
        PgConnection::establish(&self.embedded.superuser_url(database)).map_err(|error| error.to_string())
    }

    /// Returns the rows of a query as JSON.
    pub fn rows(&self, sql: &str) -> Result<Vec<Value>, String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            row: String,
        }
        let rows: Vec<Row> = sql_query(format!("SELECT row_to_json(x)::text AS row FROM ({sql}) x"))
            .load(&mut self.connect(DATABASE)?)
            .map_err(|error| format!("{error}: {sql}"))?;
        rows.iter().map(|row| serde_json::from_str(&row.row).map_err(|error| error.to_string())).collect()
    }

    pub fn keys_dir(&self) -> PathBuf {
        self.folder.path.join("keys")
    }

    pub fn keys(&self) -> Result<(Tokens, Secrets), String> {
        let keys = self.keys_dir();
        let tokens = Tokens::load(&keys, true)?;
        let secrets = Secrets::load(&keys.join("pii.key"), &keys.join("refresh.key"), true)?;
        Ok((tokens, secrets))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
