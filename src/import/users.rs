//! Imports accounts, each with a one-time password that is printed once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::Import;
use super::cells::{Reads, Words, Wrong};
use super::columns::Column;
use super::line::Line;
use super::places::Places;
use super::report::{Fault, NewAccount};
use super::table::Row;
use crate::access::UserId;
use crate::access::passwords;
use crate::access::policy::Role;
use crate::accounts::users::model::{NewUser, User};
use crate::accounts::users::queries;
use crate::kernel::db::records;
use crate::kernel::http::problem::{FieldCode, Result};
use crate::kernel::value::text::plain;
use crate::places::localities::model::LocalityLevel;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::organisations::queries as organisations;

const ROLES: [(&str, &str); 14] = [
    ("tỉnh", "province"),
    ("huyện", "district"),
    ("xã", "commune"),
    ("cán bộ xã, phường", "commune"),
    ("công chức xã", "commune"),
    ("đơn vị", "twinning_unit"),
    ("trưởng thôn", "village_head"),
    ("trưởng làng", "village_head"),
    ("trưởng bản", "village_head"),
    ("trưởng buôn", "village_head"),
    ("tổ trưởng tổ dân phố", "village_head"),
    ("tổ trưởng", "village_head"),
    // The secretary of the party cell shares the office with the head (S0 III.6) and has a separate account.
    ("bí thư chi bộ", "village_head"),
    ("quản trị", "admin"),
];

pub fn columns() -> Vec<Column> {
    vec![
        Column::new("username", "Tên đăng nhập", Reads::Text)
            .also(&["tài khoản", "user"])
            .required()
            .example("lang.tung")
            .about("3 to 64 small letters, digits, dots, dashes, underscores"),
        Column::new("full_name", "Họ và tên", Reads::Text)
            .also(&["họ tên", "tên"])
            .required()
            .example("Rơ Mah Tung")
            .about("Name of the person; one account for each"),
        Column::new("role", "Vai trò", Reads::Word(Words::new(Role::catalogue(), &ROLES)))
            .also(&["chức vụ", "chức danh"])
            .required()
            .example("Trưởng làng")
            .about("A role below that of the acting user"),
        Column::new("locality", "Địa bàn", Reads::Text)
            .also(&["địa phương", "thôn, làng", "mã địa bàn", "locality_id"])
            .example("Tung")
            .about("The place of the office by code, name or id; for all but units"),
        Column::new("commune", "Xã", Reads::Text)
            .also(&["mã xã", "thuộc xã"])
            .about("Needed where the name of a village is ambiguous"),
        Column::new("organisation", "Đơn vị", Reads::Text)
            .also(&["tổ chức", "cơ quan", "organisation_id"])
            .about("The unit, by name or id; for units"),
        Column::new("phone", "Số điện thoại", Reads::Phone)
            .also(&["điện thoại", "sđt"])
            .example("0905123456")
            .about("A leading zero lost in the spreadsheet is restored"),
    ]
}

pub fn import(work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
    let places = Places::load(work.tx.conn)?;
    let units = Units::load(work)?;
    let read: Vec<(Line, NewUser)> = rows.into_iter().filter_map(|row| user(work, &places, &units, row)).collect();
    let usernames: Vec<&str> = read.iter().map(|(_, new)| new.username.as_str()).collect();
    let known: HashMap<String, User> =
        queries::named(&mut work.tx, &usernames)?.into_iter().map(|user| (user.username.clone(), user)).collect();
    let mut lines: HashMap<String, Line> = HashMap::new();
    let now = records::now(work.tx.conn)?;
    for (line, new) in read {
        if let Some(first) = lines.insert(new.username.clone(), line) {
            work.error(line, "username", &Fault::SameAsLine(first));
            continue;
        }
        match known.get(&new.username) {
            Some(user) => keep(work, line, &new, user),
            None => add(work, line, new, passwords::one_time_expiry(now))?,
        }
    }
    Ok(())
}

/// Converts a row to the body of a request.
fn user(work: &mut Import<'_>, places: &Places, units: &Units, mut row: Row) -> Option<(Line, NewUser)> {
    let line = row.line;
    let commune = work.place(places, &mut row, "commune", &[LocalityLevel::Commune], None);
    let role: Option<Role> = row.text("role").and_then(|word| word.parse().ok());
    let level: Option<LocalityLevel> = role.and_then(queries::level_of).and_then(|level| level.parse().ok());
    let (with_place, with_unit) = (row.fields.contains_key("locality"), row.fields.contains_key("organisation"));
    // Units and administrators have no place; one of any level is looked up, and the validation refuses it.
    let levels = level.map_or(LocalityLevel::ALL.to_vec(), |level| vec![level]);
    let place =
        work.place(places, &mut row, "locality", &levels, commune.filter(|_| level == Some(LocalityLevel::Village)));
    let unit = row.take_text("organisation").and_then(|name| match units.find(&name) {
        Ok(unit) => Some(unit),
        Err(wrong) => {
            work.wrong(line, "organisation", wrong);
            None
        }
    });
    if !row.sound || (with_place && place.is_none()) || (with_unit && unit.is_none()) {
        return None;
    }
    if let Some(place) = place {
        row.fields.insert("locality_id".into(), place.to_string().into());
    }
    if let Some(unit) = unit {
        row.fields.insert("organisation_id".into(), unit.to_string().into());
    }
    work.valid(line, Value::Object(row.fields)).map(|new| (line, new))
}

/// The units that the acting user manages, with their names.
struct Units(Vec<(OrganisationId, String)>);

impl Units {
    fn load(work: &mut Import<'_>) -> Result<Self> {
        Ok(Self(organisations::in_care(&mut work.tx)?))
    }

    fn find(&self, text: &str) -> Result<OrganisationId, Wrong> {
        if let Ok(id) = text.parse::<Uuid>() {
            return Ok(id.into());
        }
        let mut named = self.0.iter().filter(|(_, name)| plain(name) == plain(text)).map(|(id, _)| *id);
        match (named.next(), named.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Wrong::Field(FieldCode::NOT_FOUND)),
            _ => Err(Wrong::List(Fault::Ambiguous)),
        }
    }
}

/// Adds an account with its one-time password, which a dry run does not generate.
fn add(work: &mut Import<'_>, line: Line, new: NewUser, expires: DateTime<Utc>) -> Result<()> {
    let secret = if work.commit && work.report.is_clean() {
        let password = passwords::one_time()?;
        Some((passwords::hash(&password)?, password))
    } else {
        None
    };
    let (id, username) = (UserId(Uuid::now_v7()), new.username.clone());
    let written = work.write(line, |tx| {
        queries::create(tx, id, new)?;
        match &secret {
            Some((hash, _)) => queries::set_first_password(tx.conn, id, hash, expires),
            None => Ok(()),
        }
    })?;
    if written {
        work.report.added += 1;
        if let Some((_, one_time_password)) = secret {
            work.report.accounts.push(NewAccount { username, one_time_password });
        }
    }
    Ok(())
}

/// Leaves an existing account and its password unchanged; differences are warnings.
fn keep(work: &mut Import<'_>, line: Line, new: &NewUser, known: &User) {
    let fields = [
        ("full_name", plain(&new.full_name) != plain(&known.full_name)),
        ("role", new.role != known.role),
        ("locality", new.locality_id != known.locality_id),
        ("organisation", new.organisation_id != known.organisation_id),
        ("phone", new.phone.is_some() && new.phone != known.phone),
    ];
    for (field, _) in fields.into_iter().filter(|(_, differs)| *differs) {
        work.warn(line, field, &Fault::Differs);
    }
    work.report.known += 1;
}
