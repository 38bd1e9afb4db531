//! `ketnghia import`: what is said about the file goes to standard error, one line each; a template and
//! one-time passwords, which another program may want, to standard output.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use super::arguments::{ImportFile, ImportList};
use crate::import::sheet::MOST_BYTES;
use crate::import::{Kind, Report, Request, run, template};
use crate::installation;
use crate::kernel::locale::Locale;

/// Succeeds when the file is right, be it written or rehearsed.
pub fn import(list: &ImportList) -> Result<ExitCode, String> {
    let (kind, settings) = match list {
        ImportList::Villages(settings) => (Kind::Villages, settings),
        ImportList::Households(settings) => (Kind::Households, settings),
        ImportList::Assessments(settings) => (Kind::Assessments, settings),
        ImportList::Organisations(settings) => (Kind::Organisations, settings),
        ImportList::Users(settings) => (Kind::Users, settings),
    };
    if settings.template {
        let text = template(kind).map_err(|problem| problem.to_string())?;
        write!(io::stdout(), "{text}").map_err(|error| error.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (file, username) = match (&settings.file, &settings.username) {
        (Some(file), Some(username)) => (file, username),
        (None, _) => return Err("name the file to import, or ask for --template".into()),
        (_, None) => return Err("--as USERNAME says in whose name it is imported".into()),
    };
    let content = read(file)?;
    let report = open_and_run(settings, kind, username, &content)?;
    tell(&file.display().to_string(), &report)?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open_and_run(settings: &ImportFile, kind: Kind, username: &str, content: &[u8]) -> Result<Report, String> {
    let opened = installation::open(&settings.storage, &settings.keys)?;
    let locale = if settings.language == "vi" { Locale::Vi } else { Locale::En };
    run(&opened.db, &opened.secrets, &Request { kind, username, content, commit: settings.commit, locale })
}

/// Not more of a file than is taken, and one byte that tells it is too large.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| format!("cannot read {}: {error}", file.display());
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut content = Vec::new();
    File::open(file).map_err(told)?.take(most).read_to_end(&mut content).map_err(told)?;
    Ok(content)
}

fn tell(file: &str, report: &Report) -> Result<(), String> {
    let mut said = io::stderr().lock();
    for line in report.lines(file) {
        writeln!(said, "{line}").map_err(|error| error.to_string())?;
    }
    if report.committed && !report.accounts.is_empty() {
        // Neither a name nor a password holds anything that CSV or a spreadsheet would mistake.
        let mut passwords = io::stdout().lock();
        writeln!(passwords, "username,one_time_password").map_err(|error| error.to_string())?;
        for account in &report.accounts {
            writeln!(passwords, "{},{}", account.username, account.one_time_password)
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
