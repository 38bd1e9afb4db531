//! Imports organisations with their headcounts by year: one row for each organisation, or one for each year.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Import;
use super::cells::{Reads, Words};
use super::columns::Column;
use super::places::Places;
use super::report::Fault;
use super::table::Row;
use super::years::{self, Entry, YearRow};
use crate::kernel::http::problem::Result;
use crate::kernel::value::text::plain;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::twinning::organisations::model::{
    NewOrganisation, Organisation, OrganisationHeadcount, OrganisationKind, OrganisationLevel,
};
use crate::twinning::organisations::queries;

const KINDS: [(&str, &str); 16] = [
    ("cơ quan chuyên môn", "department"),
    ("sở", "department"),
    ("phòng", "department"),
    ("ban", "department"),
    ("văn phòng", "department"),
    ("đơn vị sự nghiệp", "public_service_unit"),
    ("trường học", "public_service_unit"),
    ("công ty", "enterprise"),
    ("htx", "cooperative"),
    ("quân đội", "armed_force"),
    ("công an", "armed_force"),
    ("đồn biên phòng", "border_guard"),
    ("biên phòng", "border_guard"),
    ("mặt trận", "front"),
    ("đoàn thể", "mass_organisation"),
    ("địa phương", "locality"),
];

pub fn columns() -> Vec<Column> {
    vec![
        Column::new("name", "Tên đơn vị", Reads::Text)
            .also(&["tên", "đơn vị", "tổ chức", "tên tổ chức", "tên cơ quan", "cơ quan"])
            .required()
            .example("Văn phòng HĐND và UBND xã Ia Nan")
            .about("Full name"),
        Column::new("kind", "Loại", Reads::Word(Words::new(OrganisationKind::catalogue(), &KINDS)))
            .also(&["loại hình", "loại đơn vị", "loại tổ chức"])
            .required()
            .example("Cơ quan chuyên môn"),
        Column::new("locality", "Địa bàn quản lý", Reads::Text)
            .also(&["mã địa bàn", "địa bàn", "xã", "mã xã", "locality_id"])
            .required()
            .example("23884")
            .about("The managing place: code, name or id"),
        Column::new("place", "Là địa phương", Reads::Text)
            .also(&["thôn, làng", "thôn", "làng", "place_id"])
            .about("For a village, commune or district as giver: its name, code or id"),
        Column::new("level", "Cấp", Reads::Word(Words::new(OrganisationLevel::catalogue(), &LEVELS)))
            .about("Empty: that of the managing place; else"),
        Column::new("valid_from", "Từ ngày", Reads::Day).also(&["ngày thành lập"]).about("First day, day/month/year"),
        Column::new("valid_to", "Đến ngày", Reads::Day).also(&["ngày giải thể"]).about("Last day, day/month/year"),
        Column::new("year", "Năm", Reads::Year)
            .example("2026")
            .about("Year of the posts; an organisation may have a row for each year"),
        Column::new("headcount", "Biên chế", Reads::Integer)
            .also(&["số biên chế", "số người"])
            .example("14")
            .about("Assigned posts in that year"),
        Column::new("contact_name", "Người liên hệ", Reads::Text)
            .also(&["liên hệ"])
            .example("Nguyễn Thị Hoa")
            .about("Name of the contact person"),
        Column::new("contact_phone", "Số điện thoại", Reads::Phone)
            .also(&["điện thoại", "sđt"])
            .example("0269123456")
            .about("A leading zero lost in the spreadsheet is restored"),
        Column::new("contact_email", "Email", Reads::Text)
            .also(&["thư điện tử", "e-mail"])
            .example("vanphong@ianan.example")
            .about("One e-mail address"),
        Column::new("address", "Địa chỉ", Reads::Text).example("Làng Tung, xã Ia Nan").about("Postal address"),
    ]
}

const LEVELS: [(&str, &str); 4] = [("tỉnh", "province"), ("huyện", "district"), ("xã", "commune"), ("thôn", "village")];
const PLACES: [LocalityLevel; 4] =
    [LocalityLevel::Province, LocalityLevel::District, LocalityLevel::Commune, LocalityLevel::Village];

/// Key of an organisation: its place, for kind `locality`, else managing place and name.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Place(LocalityId),
    Name(LocalityId, String),
}

fn key(place: Option<LocalityId>, manager: LocalityId, name: &str) -> Key {
    place.map_or_else(|| Key::Name(manager, plain(name)), Key::Place)
}

type OrganisationEntry = Entry<NewOrganisation, OrganisationHeadcount>;

pub fn import(work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
    let places = Places::load(work.tx.conn)?;
    let read = rows.into_iter().filter_map(|row| organisation(work, &places, row)).collect();
    let entries: Vec<OrganisationEntry> = years::join(work, read, "name", |headcount| headcount.year);
    let managers: Vec<LocalityId> = entries.iter().map(|entry| entry.new.locality_id).collect();
    let of_places: Vec<LocalityId> = entries.iter().filter_map(|entry| entry.new.place_id).collect();
    let mut known = HashMap::new();
    for found in queries::managed_by_or_of(&mut work.tx, &managers, &of_places)? {
        known.insert(key(found.place_id, found.locality_id, &found.name), found);
    }
    for entry in entries {
        match known.get(&key(entry.new.place_id, entry.new.locality_id, &entry.new.name)) {
            Some(known) => add_years(work, known, entry)?,
            None => add(work, entry)?,
        }
    }
    Ok(())
}

/// Converts a row to the body of a request.
fn organisation(
    work: &mut Import<'_>,
    places: &Places,
    mut row: Row,
) -> Option<YearRow<Key, NewOrganisation, OrganisationHeadcount>> {
    let line = row.line;
    let manager = work.place(places, &mut row, "locality", &PLACES, None);
    let is_place = row.fields.contains_key("place");
    let place = work.place(places, &mut row, "place", &PLACES, None);
    let headcount = row.take(&["year", "headcount"]);
    if headcount.get("headcount").is_some() {
        row.fields.insert("headcounts".into(), json!([headcount]));
    }
    if !row.sound || manager.is_none() || (is_place && place.is_none()) {
        return None;
    }
    for (field, place) in [("locality_id", manager), ("place_id", place)] {
        if let Some(place) = place {
            row.fields.insert(field.into(), place.to_string().into());
        }
    }
    let mut new: NewOrganisation = work.valid(line, Value::Object(row.fields))?;
    let year = std::mem::take(&mut new.headcounts).pop();
    Some((line, key(new.place_id, new.locality_id, &new.name), new, year))
}

fn add(work: &mut Import<'_>, entry: OrganisationEntry) -> Result<()> {
    let rows = entry.rows();
    let mut new = entry.new;
    new.headcounts = entry.years.into_iter().map(|(_, headcount)| headcount).collect();
    if work.write(entry.line, |tx| queries::create(tx, Uuid::now_v7().into(), new))? {
        work.report.added += rows;
    }
    Ok(())
}

/// Adds missing years to an existing organisation; other differences are warnings.
fn add_years(work: &mut Import<'_>, known: &Organisation, entry: OrganisationEntry) -> Result<()> {
    for field in differences(&entry.new, known) {
        work.warn(entry.line, field, &Fault::Differs);
    }
    let rows = entry.rows();
    let mut headcounts = known.headcounts.clone();
    for (line, headcount) in entry.years {
        match headcounts.iter().find(|known| known.year == headcount.year) {
            Some(known) if known.headcount != headcount.headcount => work.warn(line, "headcount", &Fault::Differs),
            Some(_) => {}
            None => headcounts.push(headcount),
        }
    }
    let new_years = headcounts.len() - known.headcounts.len();
    work.report.known += rows - new_years;
    if new_years == 0 {
        return Ok(());
    }
    let Some(changes) = work.valid(entry.line, json!({"headcounts": headcounts})) else { return Ok(()) };
    if work.write(entry.line, |tx| queries::update(tx, known.id, changes))? {
        work.report.completed += new_years;
    }
    Ok(())
}

fn differences(new: &NewOrganisation, known: &Organisation) -> Vec<&'static str> {
    let says = |new: &Option<String>, known: &Option<String>| new.is_some() && new != known;
    let fields = [
        ("name", plain(&new.name) != plain(&known.name)),
        ("kind", new.kind != known.kind),
        ("locality", new.locality_id != known.locality_id),
        ("level", new.level.is_some_and(|level| level != known.level)),
        ("valid_from", new.valid_from.is_some() && new.valid_from != known.valid_from),
        ("valid_to", new.valid_to.is_some() && new.valid_to != known.valid_to),
        ("contact_name", says(&new.contact_name, &known.contact_name)),
        ("contact_phone", says(&new.contact_phone, &known.contact_phone)),
        ("contact_email", says(&new.contact_email, &known.contact_email)),
        ("address", says(&new.address, &known.address)),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
