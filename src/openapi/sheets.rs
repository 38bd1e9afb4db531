//! Sheets: a list or aggregate as CSV has a path of its own, so that generated clients get one type for each operation.

use serde_json::{Value, json};

use crate::kernel::list::page::WHOLE_MAX;
use crate::kernel::list::sheet::CSV;

/// The mark of an operation that is also answered as a sheet; `#[operation]` sets it.
const MARK: &str = "x-sheet";

/// The parameters that a sheet does not take, because it is the whole list.
const OF_PAGES: [&str; 3] = ["limit", "cursor", "count"];

/// Adds the path of each sheet, with the parameters of the list that are no paging.
pub fn add_sheets(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    let mut sheets = Vec::new();
    for (path, operations) in paths.iter_mut() {
        let Some(list) = operations.get_mut("get").and_then(Value::as_object_mut) else { continue };
        if list.remove(MARK).is_some() {
            sheets.push((format!("{path}{CSV}"), json!({"get": sheet_of(&Value::Object(list.clone()))})));
        }
    }
    paths.extend(sheets);
}

fn sheet_of(list: &Value) -> Value {
    let mut sheet = list.clone();
    let word = |name: &str| sheet[name].as_str().unwrap_or_default().to_owned();
    let (id, summary, tag) = (word("operationId"), word("summary"), list["tags"][0].as_str().unwrap_or_default());
    sheet["operationId"] = json!(format!("{id}_csv"));
    sheet["summary"] = json!(format!("{summary} as CSV"));
    sheet["description"] = json!(if tag == "aggregates" {
        "The rows of the answer in a file for Excel (UTF-8 with a byte order mark), without the totals; suppressed values are empty.".to_owned()
    } else {
        format!(
            "The whole filtered list in a file for Excel (UTF-8 with a byte order mark), under the same rights as the list; over {WHOLE_MAX} \
             rows is 422 `too_many_rows`."
        )
    });
    if let Some(parameters) = sheet["parameters"].as_array_mut() {
        parameters.retain(|parameter| !OF_PAGES.iter().any(|name| parameter["name"] == *name));
    }
    sheet["responses"]["200"] = json!({
        "description": "The sheet", "content": {"text/csv": {"schema": {"type": "string"}}},
    });
    sheet
}
