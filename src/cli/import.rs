//! `ketnghia import`: remarks on the file are written to standard error, one line each; a template and one-time
//! passwords, which may be piped to another program, to standard output.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use super::arguments::{ImportAs, ImportFile, ImportHouseholds, ImportList};
use crate::import::sheet::MOST_BYTES;
use crate::import::{Era, Kind, Options, Report, Request, run, template};
use crate::installation;
use crate::kernel::locale::Locale;

/// Imports a file or prints a template; succeeds when the file has no errors, with or without `--commit`.
pub fn import(list: &ImportList) -> Result<ExitCode, String> {
    let (kind, ImportAs { settings, username }) = match list {
        ImportList::Villages(list) => (Kind::Villages, list),
        ImportList::Households(ImportHouseholds { list, year, assessed_on, era }) => {
            let ImportAs { settings, username } = list;
            let era = if era == "2024" { Era::Before } else { Era::Present };
            let options = Options { year: *year, assessed_on: *assessed_on, era };
            return import_file(Kind::Households, settings, username.as_deref(), options);
        }
        ImportList::Assessments(list) => (Kind::Assessments, list),
        ImportList::Organisations(list) => (Kind::Organisations, list),
        ImportList::Users(list) => (Kind::Users, list),
        ImportList::Standards(settings) => return import_file(Kind::Standards, settings, None, Options::default()),
    };
    import_file(kind, settings, username.as_deref(), Options::default())
}

fn import_file(
    kind: Kind,
    settings: &ImportFile,
    username: Option<&str>,
    options: Options,
) -> Result<ExitCode, String> {
    if settings.template {
        let text = template(kind).map_err(|problem| problem.to_string())?;
        write!(io::stdout(), "{text}").map_err(|error| error.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = settings.file.as_ref().ok_or("a file to import or --template is required")?;
    let content = read(file)?;
    let report = open_and_run(settings, kind, username, &content, options)?;
    tell(&file.display().to_string(), &report)?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open_and_run(
    settings: &ImportFile,
    kind: Kind,
    username: Option<&str>,
    content: &[u8],
    options: Options,
) -> Result<Report, String> {
    let opened = installation::open(&settings.storage, &settings.keys)?;
    let locale = if settings.language == "vi" { Locale::Vi } else { Locale::En };
    run(&opened.db, &opened.secrets, &Request { kind, username, content, commit: settings.commit, locale, options })
}

/// Reads at most one byte more than the limit, which is enough to detect a file that is too large.
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
        // User names and passwords contain no characters that CSV would have to quote.
        let mut passwords = io::stdout().lock();
        writeln!(passwords, "username,one_time_password").map_err(|error| error.to_string())?;
        for account in &report.accounts {
            writeln!(passwords, "{},{}", account.username, account.one_time_password)
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
