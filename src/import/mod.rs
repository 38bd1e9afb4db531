//! Imports lists from spreadsheets: `ketnghia import households ho-ngheo.csv --as ianan`. Each row becomes the body of the
//! corresponding request of the API and is validated and written by the same functions, with the scope and permissions of
//! a user, whom the audit names. A file is written in one transaction or not at all, and only adds records: existing
//! ones are not changed.

mod assessments;
mod cells;
mod columns;
mod households;
mod known_households;
mod organisations;
mod places;
mod poverty;
mod report;
pub mod sheet;
mod standards;
mod table;
mod users;
mod villages;
mod years;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Nullable, Text};
use serde_json::Value;

use crate::access::actor::Actor;
use crate::access::policy::{Office, Permission};
use crate::access::tx::Tx;
use crate::accounts::users::queries as accounts;
use crate::kernel::db::{Db, Verdict, records};
use crate::kernel::http::body::fields::Input;
use crate::kernel::http::extract;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::locale::Locale;
use crate::kernel::secrets::Secrets;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use cells::Wrong;
use columns::{Column, are_headers};
pub use columns::{help, markdown, template};
use places::Places;
use report::Fault;
pub use report::{ColumnRef, NewAccount, Remark, Report};
use sheet::SheetRow;
use table::{Headers, Row};

/// Advisory lock that admits one import into a database at a time, because each first reads the existing records. The
/// number is arbitrary.
const IMPORT_LOCK: i64 = 7_364_102_303;

/// Kind of list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Villages,
    Households,
    Assessments,
    Organisations,
    Users,
    Standards,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Villages, Self::Households, Self::Assessments, Self::Organisations, Self::Users, Self::Standards];

    fn columns(self) -> Vec<Column> {
        match self {
            Self::Villages => villages::columns(),
            Self::Households => households::columns(),
            Self::Assessments => assessments::columns(),
            Self::Organisations => organisations::columns(),
            Self::Users => users::columns(),
            Self::Standards => standards::columns(),
        }
    }

    /// The permission that the acting user needs, the same as for the operation of the API. Standards are law, which no user enters:
    /// the operator imports them.
    fn permission(self) -> Option<Permission> {
        match self {
            Self::Villages => Some(Permission::WriteVillages),
            Self::Households | Self::Assessments => Some(Permission::WriteHouseholds),
            Self::Organisations => Some(Permission::WriteOrganisations),
            Self::Users => Some(Permission::WriteUsers),
            Self::Standards => None,
        }
    }

    fn import(self, work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
        match self {
            Self::Villages => villages::import(work, rows),
            Self::Households => households::import(work, rows),
            Self::Assessments => assessments::import(work, rows),
            Self::Organisations => organisations::import(work, rows),
            Self::Users => users::import(work, rows),
            Self::Standards => standards::import(work, rows),
        }
    }
}

/// Arguments of an import.
pub struct Request<'a> {
    pub kind: Kind,
    /// The acting user; none for lists of the operator.
    pub username: Option<&'a str>,
    pub content: &'a [u8],
    /// Without it the transaction is rolled back.
    pub commit: bool,
    pub locale: Locale,
}

/// Imports a file, or reports all its errors. `Err` is about the request as a whole.
pub fn run(db: &Db, secrets: &Secrets, request: &Request<'_>) -> Result<Report, String> {
    let actor = acting(db, request)?;
    let mut report = Report::new(request.locale);
    let columns = request.kind.columns();
    let mut sheet = match sheet::read(request.content, |cells| are_headers(&columns, cells)) {
        Ok(sheet) => sheet,
        Err((line, fault)) => {
            report.error(line, None, &fault);
            return Ok(report);
        }
    };
    (report.titles, report.rows) = (sheet.titles, sheet.rows.len());
    let Some(headers) = table::recognise(&sheet, &columns, &mut report) else { return Ok(report) };
    report.totals = table::drop_totals(&mut sheet, &columns, &headers);
    report.rows = sheet.rows.len();
    table::check_width(&sheet, &mut report);
    let read = |row: &SheetRow, report: &mut Report| table::read_row(row, &columns, &headers, report);
    let rows: Vec<Row> = sheet.rows.iter().map(|row| read(row, &mut report)).collect();
    let outcome = db.weigh(&actor, |conn, moment| {
        prepare(conn)?;
        let tx = Tx::new(conn, moment, &actor, secrets);
        let mut work = Import { tx, headers, report, commit: request.commit };
        request.kind.import(&mut work, rows)?;
        let mut report = work.report;
        report.committed = request.commit && report.is_clean();
        let verdict = if report.committed { Verdict::Keep } else { Verdict::Undo };
        Ok((report, verdict))
    });
    outcome.map_err(|problem| format!("nothing was imported: {}", problem.cause().unwrap_or(problem.code().word())))
}

/// Looks up the acting user and checks its permission; the operator has that of the system.
fn acting(db: &Db, request: &Request<'_>) -> Result<Actor, String> {
    let Some(needed) = request.kind.permission() else { return Ok(Actor::system()) };
    let username = request.username.ok_or("--as USERNAME is required")?;
    let found = db.as_system(|conn| accounts::operated(conn, username));
    let account = found.map_err(|problem| format!("cannot look the user up: {problem}"))?;
    let Some(account) = account.filter(|account| account.active) else {
        return Err(format!("there is no active user {username} (--as)"));
    };
    if !Office::User(account.role).may(needed) {
        let (role, word) = (account.role.as_str(), needed.word());
        return Err(format!("{username} may not do this: a user of role {role} has no permission {word}"));
    }
    Ok(Actor::by_operator(account.id, account.role, account.auth_version))
}

#[derive(QueryableByName)]
struct Prepared {
    #[diesel(sql_type = Bool)]
    alone: bool,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
}

fn prepare(conn: &mut PgConnection) -> Result<()> {
    let sql = format!("SELECT pg_try_advisory_xact_lock({IMPORT_LOCK}) AS alone, app_role() AS role");
    let prepared: Prepared = sql_query(sql).get_result(conn)?;
    if !prepared.alone {
        return Err(Problem::overloaded("another import is under way"));
    }
    if prepared.role.is_none() {
        return Err(Problem::internal("the place of this user's office has ended, so the user sees no records"));
    }
    records::set(conn, "step", "import")?;
    // Reading all existing records of an area takes longer than the statements of a request.
    sql_query("SELECT set_config('statement_timeout', '2min', true)").execute(conn)?;
    Ok(())
}

/// A running import.
struct Import<'t> {
    tx: Tx<'t>,
    headers: Headers,
    report: Report,
    /// Otherwise it is a dry run.
    commit: bool,
}

impl Import<'_> {
    fn error(&mut self, line: u64, field: &str, fault: &Fault) {
        let column = self.headers.meant_by(field);
        self.report.error(line, column, fault);
    }

    fn warn(&mut self, line: u64, field: &str, fault: &Fault) {
        let column = self.headers.meant_by(field);
        self.report.warn(line, column, fault);
    }

    fn refuse(&mut self, line: u64, problem: &Problem) {
        let headers = &self.headers;
        self.report.refused(line, problem, |pointer| headers.meant_by(pointer));
    }

    fn wrong(&mut self, line: u64, field: &str, wrong: Wrong) {
        match wrong {
            Wrong::Field(code) => self.refuse(line, &Problem::field(format!("#/{field}"), code)),
            Wrong::List(fault) => self.error(line, field, &fault),
        }
    }

    /// Parses and validates the body of a request from a row; reports its errors.
    fn valid<T: Input>(&mut self, line: u64, body: Value) -> Option<T> {
        match extract::valid(body) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(line, &problem);
                None
            }
        }
    }

    /// Looks up the place in a cell; reports an unknown or ambiguous one.
    fn place(
        &mut self,
        places: &Places,
        row: &mut Row,
        field: &str,
        levels: &[LocalityLevel],
        commune: Option<LocalityId>,
    ) -> Option<LocalityId> {
        let name = row.take_text(field)?;
        match places.find(&name, levels, commune) {
            Ok(place) => Some(place.id),
            Err(wrong) => {
                self.wrong(row.line, field, wrong);
                None
            }
        }
    }

    /// Writes a row in a savepoint. Reports a refusal and continues, so that the errors of all rows are reported; an internal
    /// error ends the import.
    fn write(&mut self, line: u64, work: impl FnOnce(&mut Tx<'_>) -> Result<()>) -> Result<bool> {
        match self.tx.nested(work) {
            Ok(()) => Ok(true),
            Err(problem) if problem.code().status() >= 500 => Err(problem),
            Err(problem) => {
                self.refuse(line, &problem);
                Ok(false)
            }
        }
    }
}
