use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::PgConnection;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::resource::StoredCatalogue;
use crate::kernel::http::problem::Result;
use crate::kernel::secrets::{base64url, sha256};
use crate::kernel::value::enums::{Catalogue, CatalogueItem};

/// The time for which stored catalogues are kept, so that a public operation does not read the database at each request.
const FRESH: Duration = Duration::from_secs(30);

/// One enumeration or official list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueView {
    #[schema(example = "poverty_statuses")]
    pub name: String,
    /// Hash of the items.
    #[schema(example = "q2v8n1C0aQ")]
    pub version: String,
    pub items: Vec<CatalogueItem>,
}

impl CatalogueView {
    fn new(name: &str, items: Vec<CatalogueItem>) -> Self {
        Self { name: name.to_owned(), version: mark(&items), items }
    }
}

/// All enumerations and official lists.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueList {
    /// Hash of the versions of all catalogues.
    #[schema(example = "q2v8n1C0aQ")]
    pub version: String,
    pub items: Vec<CatalogueView>,
}

impl CatalogueList {
    fn new(mut items: Vec<CatalogueView>) -> Self {
        items.sort_by(|a, b| a.name.cmp(&b.name));
        let versions: Vec<&str> = items.iter().map(|item| item.version.as_str()).collect();
        Self { version: mark(&versions), items }
    }

    pub fn find(&self, name: &str) -> Option<&CatalogueView> {
        self.items.iter().find(|catalogue| catalogue.name == name)
    }
}

/// The catalogues of all resources: enumerations, built once at the start, and lists of the database, which an operator may
/// extend.
pub struct Catalogues {
    fixed: Vec<CatalogueView>,
    stored: Vec<&'static StoredCatalogue>,
    whole: Mutex<Option<(Instant, Arc<CatalogueList>)>>,
}

impl Catalogues {
    pub fn new<'c>(
        contributed: impl Iterator<Item = &'c Catalogue>,
        stored: impl Iterator<Item = &'static StoredCatalogue>,
    ) -> Self {
        let fixed = contributed.map(|catalogue| CatalogueView::new(catalogue.name, (catalogue.items)()));
        Self { fixed: fixed.collect(), stored: stored.collect(), whole: Mutex::default() }
    }

    /// Returns all catalogues where the stored ones were read lately.
    pub fn fresh(&self) -> Option<Arc<CatalogueList>> {
        let whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.as_ref().filter(|(since, _)| since.elapsed() < FRESH).map(|(_, list)| list.clone())
    }

    /// Reads the stored catalogues.
    pub fn read(&self, conn: &mut PgConnection) -> Result<Arc<CatalogueList>> {
        let mut items = self.fixed.clone();
        for stored in &self.stored {
            items.push(CatalogueView::new(stored.name, (stored.items)(conn)?));
        }
        let list = Arc::new(CatalogueList::new(items));
        *self.whole.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), list.clone()));
        Ok(list)
    }
}

fn mark(content: &impl Serialize) -> String {
    let json = serde_json::to_vec(content).unwrap_or_default();
    base64url(sha256(&json).get(..8).unwrap_or_default())
}
