//! Imports lists from spreadsheets, CSV or XLSX: `ketnghia import households ho-ngheo.csv --as ianan`. Each row becomes the body of the
//! corresponding request of the API and is validated and written by the same functions, with the scope and permissions of
//! a user, whom the audit names. A file is written in one transaction or not at all, and only adds records: existing
//! ones are not changed.

mod assessments;
mod cells;
mod columns;
mod fault;
mod households;
mod known_households;
mod line;
mod organisations;
mod places;
mod poverty;
mod report;
pub mod sheet;
mod standards;
mod table;
mod users;
mod villages;
mod workbook;
mod xlsx;
mod years;

use std::collections::HashMap;

use chrono::NaiveDate;
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
use line::Line;
use places::Places;
use report::Fault;
pub use report::{ColumnRef, NewAccount, Remark, Report};
use table::{Headers, Row};
use workbook::Home;

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
    pub options: Options,
}

/// What a list of households does not say itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Year of the review, for rows without one.
    pub year: Option<i32>,
    /// Day of the assessments, instead of the last day of the year or today.
    pub assessed_on: Option<NaiveDate>,
    /// Of the codes of communes in the communes' workbook.
    pub era: Era,
}

/// The official codes were given anew on 2025-07-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Era {
    Before,
    #[default]
    Present,
}

/// The parsed cells of a file.
enum Content {
    Rows(Vec<Row>),
    Homes(Vec<Home>),
}

/// Imports a file, or reports all its errors. `Err` is about the request as a whole.
pub fn run(db: &Db, secrets: &Secrets, request: &Request<'_>) -> Result<Report, String> {
    let actor = acting(db, request)?;
    let mut report = Report::new(request.locale);
    let Some((content, headers)) = read(request, &mut report) else { return Ok(report) };
    if matches!(content, Content::Homes(_)) && request.options.year.is_none() {
        return Err("the workbook of the communes does not state the year of the review (--year)".into());
    }
    let outcome = db.weigh(&actor, |conn, moment| {
        prepare(conn)?;
        let tx = Tx::new(conn, moment, &actor, secrets);
        let mut work = Import { tx, headers, report, commit: request.commit, options: request.options };
        match content {
            Content::Rows(rows) => request.kind.import(&mut work, rows)?,
            Content::Homes(homes) => workbook::import(&mut work, homes)?,
        }
        let mut report = work.report;
        report.committed = request.commit && report.is_clean();
        let verdict = if report.committed { Verdict::Keep } else { Verdict::Undo };
        Ok((report, verdict))
    });
    outcome.map_err(|problem| format!("nothing was imported: {}", problem.cause().unwrap_or(problem.code().word())))
}

/// Parses the cells of a file; reports errors, and returns `None` for a file that cannot be read. The headers are by sheet.
fn read(request: &Request<'_>, report: &mut Report) -> Option<(Content, HashMap<u32, Headers>)> {
    let columns = request.kind.columns();
    let are_headers = |cells: &[String]| are_headers(&columns, cells);
    let sheet = if xlsx::is_workbook(request.content) {
        let mut grids = readable(xlsx::read(request.content), report)?;
        if request.kind == Kind::Households {
            let forms = workbook::recognise(&mut grids, report);
            if !forms.is_empty() {
                let homes = report.is_clean().then(|| workbook::read(&forms, report))?;
                let headers = forms.into_iter().map(|form| (form.number, form.headers));
                return Some((Content::Homes(homes), headers.collect()));
            }
        }
        sheet::of_grids(grids, are_headers)
    } else {
        sheet::read(request.content, are_headers)
    };
    let mut sheet = readable(sheet, report)?;
    (report.titles, report.rows) = (sheet.titles, sheet.rows.len());
    let headers = table::recognise(&sheet, &columns, report)?;
    report.totals = table::drop_totals(&mut sheet, &columns, &headers);
    report.rows = sheet.rows.len();
    table::check_width(&sheet, report);
    let rows = sheet.rows.iter().map(|row| table::read_row(row, &columns, &headers, report)).collect();
    Some((Content::Rows(rows), HashMap::from([(sheet.header_line.sheet, headers)])))
}

fn readable<T>(read: Result<T, sheet::Unreadable>, report: &mut Report) -> Option<T> {
    read.map_err(|(line, fault)| report.error(line, None, &fault)).ok()
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
    /// By sheet.
    headers: HashMap<u32, Headers>,
    report: Report,
    /// Otherwise it is a dry run.
    commit: bool,
    options: Options,
}

impl Import<'_> {
    fn column(&self, line: Line, field: &str) -> Option<ColumnRef> {
        self.headers.get(&line.sheet)?.meant_by(field)
    }

    fn error(&mut self, line: Line, field: &str, fault: &Fault) {
        let column = self.column(line, field);
        self.report.error(line, column, fault);
    }

    fn warn(&mut self, line: Line, field: &str, fault: &Fault) {
        let column = self.column(line, field);
        self.report.warn(line, column, fault);
    }

    fn refuse(&mut self, line: Line, problem: &Problem) {
        let headers = self.headers.get(&line.sheet);
        self.report.refused(line, problem, |pointer| headers?.meant_by(pointer));
    }

    fn wrong(&mut self, line: Line, field: &str, wrong: Wrong) {
        match wrong {
            Wrong::Field(code) => self.refuse(line, &Problem::field(format!("#/{field}"), code)),
            Wrong::List(fault) => self.error(line, field, &fault),
        }
    }

    /// Parses and validates the body of a request from a row; reports its errors.
    fn valid<T: Input>(&mut self, line: Line, body: Value) -> Option<T> {
        self.accept(line, extract::valid(body))
    }

    /// Returns the value; reports a refusal.
    fn accept<T>(&mut self, line: Line, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|problem| self.refuse(line, &problem)).ok()
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
    fn write(&mut self, line: Line, work: impl FnOnce(&mut Tx<'_>) -> Result<()>) -> Result<bool> {
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
