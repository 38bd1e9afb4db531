//! The arguments of the command line; their doc comments are the texts of `ketnghia --help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Keys, Serve, Storage};
use crate::import::{self, Kind};

/// The service behind Vietnam's twinning programmes (kết nghĩa).
#[derive(Debug, Parser)]
#[command(name = "ketnghia", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API (with the embedded database, migrate it first)
    Serve(Serve),
    /// Migrate the database to the schema of this binary and load the catalogue of places
    Migrate(Migrate),
    /// Print the OpenAPI document
    Openapi,
    /// Run a command, such as psql or pg_dump, with DATABASE_URL (and PGHOST, PGUSER, …) set to the database
    Database(RunWithDatabase),
    /// Check that a running server is ready; the exit code is the result, for health checks without curl
    Health(Health),
    /// Manage the keys of an installation
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Import a list from a spreadsheet on behalf of a user; without --commit it only reports errors
    Import {
        #[command(subcommand)]
        list: ImportList,
    },
    /// Manage users from the command line
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

#[derive(Debug, Args)]
pub struct Health {
    /// Address and port that the server listens on
    #[arg(long, env = "BIND_ADDRESS", default_value = "127.0.0.1:8080")]
    pub bind_address: String,
    /// Check liveness only, not the database
    #[arg(long)]
    pub live: bool,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Create a signing key, refresh.key and pii.key in a folder without keys
    Create(CreateKeys),
    /// Add a key to PII_KEY_FILE, which seals from the next start of the server
    Add(KeysOfInstallation),
    /// List the keys of PII_KEY_FILE with the number of values that each has sealed
    List(KeysOfInstallation),
    /// Reseal values of older keys with the newest one; can be interrupted and repeated
    Reseal(KeysOfInstallation),
    /// Remove a key that no longer seals any value; all servers must be stopped
    Remove(RemoveKey),
}

#[derive(Debug, Args)]
pub struct KeysOfInstallation {
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub keys: Keys,
}

#[derive(Debug, Args)]
pub struct RemoveKey {
    #[command(flatten)]
    pub of: KeysOfInstallation,
    /// Number of the key in `keys list`
    pub id: u8,
}

#[derive(Debug, Args)]
pub struct CreateKeys {
    /// The folder; it is created if it does not exist
    pub folder: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create an administrator of the country and print a one-time password
    Create(CreateUser),
    /// Give any account a new one-time password, print it and end the sessions
    Reset(NamedUser),
    /// Deactivate any account and end its sessions
    Deactivate(NamedUser),
    /// List the administrators, or all accounts
    List(ListUsers),
    /// End every session of an account, or of all: after a backup was restored, or a key was lost
    EndSessions(EndSessions),
}

#[derive(Debug, Args)]
pub struct EndSessions {
    #[command(flatten)]
    pub storage: Storage,
    /// The name to sign in with
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub username: Option<String>,
    /// Of every account
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct NamedUser {
    #[command(flatten)]
    pub storage: Storage,
    /// The name to sign in with
    pub username: String,
}

#[derive(Debug, Args)]
pub struct ListUsers {
    #[command(flatten)]
    pub storage: Storage,
    /// List all accounts
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct CreateUser {
    #[command(flatten)]
    pub storage: Storage,
    /// The name to sign in with
    #[arg(long)]
    pub username: String,
    /// The person's name
    #[arg(long)]
    pub full_name: String,
}

#[derive(Debug, Subcommand)]
pub enum ImportList {
    /// Villages of communes, with their counts year by year
    #[command(after_help = import::help(Kind::Villages))]
    Villages(ImportAs),
    /// Households, such as a commune's list of poor households
    #[command(after_help = import::help(Kind::Households))]
    Households(ImportHouseholds),
    /// Assessments of households, of years before the system too
    #[command(after_help = import::help(Kind::Assessments))]
    Assessments(ImportAs),
    /// Giving organisations, with their assigned posts year by year
    #[command(after_help = import::help(Kind::Organisations))]
    Organisations(ImportAs),
    /// Accounts; with --commit their one-time passwords are printed once, as CSV
    #[command(after_help = import::help(Kind::Users))]
    Users(ImportAs),
    /// Poverty standards, by the operator: the law of the coming years
    #[command(after_help = import::help(Kind::Standards))]
    Standards(ImportFile),
}

#[derive(Debug, Args)]
pub struct ImportHouseholds {
    #[command(flatten)]
    pub list: ImportAs,
    /// Year of the review, for rows without one
    #[arg(long, value_parser = clap::value_parser!(i32).range(1990..=2200))]
    pub year: Option<i32>,
    /// Day of the assessments, YYYY-MM-DD: by default 31 December of the year of the review, or today
    #[arg(long, value_name = "DAY")]
    pub assessed_on: Option<chrono::NaiveDate>,
    /// Year whose codes the communes have in the workbook of the poverty review: codes were given anew on 2025-07-01
    #[arg(long, default_value = "2025", value_parser = ["2024", "2025"])]
    pub era: String,
}

#[derive(Debug, Args)]
pub struct ImportAs {
    #[command(flatten)]
    pub settings: ImportFile,
    /// User on whose behalf to import: with this user's area and permissions, and recorded in the audit
    #[arg(long = "as", value_name = "USERNAME", required_unless_present = "template")]
    pub username: Option<String>,
}

#[derive(Debug, Args)]
pub struct ImportFile {
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub keys: Keys,
    /// The list: a sheet saved as "CSV UTF-8", or a workbook (.xlsx)
    #[arg(required_unless_present = "template")]
    pub file: Option<PathBuf>,
    /// Commit the import; without this, the transaction is rolled back
    #[arg(long)]
    pub commit: bool,
    /// Print the headers with an example row, as a template of a sheet
    #[arg(long)]
    pub template: bool,
    /// Language of the remarks
    #[arg(long, default_value = "en", value_parser = ["vi", "en"])]
    pub language: String,
}

#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    pub storage: Storage,
    /// Do not load the catalogue of places, for a database that no server will use
    #[arg(long)]
    pub schema_only: bool,
}

#[derive(Debug, Args)]
pub struct RunWithDatabase {
    #[command(flatten)]
    pub storage: Storage,
    /// Connect as the superuser of the private PostgreSQL, which bypasses row-level security: for pg_dump
    #[arg(long, conflicts_with = "database_url")]
    pub superuser: bool,
    /// Create an empty private PostgreSQL if DATA_DIR has none: for pg_restore
    #[arg(long, conflicts_with = "database_url")]
    pub new: bool,
    /// The command and its arguments, after `--`
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, Parser};

    #[test]
    fn a_pool_has_the_size_that_is_asked_for_or_one_that_fits_the_machine() {
        let serve = |arguments: &[&str]| match Cli::parse_from([&["ketnghia", "serve"], arguments].concat()).command {
            Command::Serve(serve) => serve,
            _ => unreachable!("only `serve` is parsed"),
        };
        assert_eq!(serve(&["--database-pool-size", "100"]).pool_size(), 100);
        assert!((4..=32).contains(&serve(&[]).pool_size()));
    }
}
