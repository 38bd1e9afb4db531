//! The contribution of a resource to the whole service. Each resource states a `RESOURCE`, each area lists its
//! resources, and `app.rs` lists the areas: routes, document, catalogues, audit and jobs are derived from this list.

use diesel::PgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use super::steps::StepFacts;
use crate::kernel::http::problem::{Code, FieldCode, Result};
use crate::kernel::job::Job;
use crate::kernel::value::enums::{Catalogue, CatalogueItem};

/// A resource of the API.
pub struct Resource {
    /// The tag of its operations in the document: the first segment of its paths.
    pub tag: &'static str,
    /// The description of the tag.
    pub about: &'static str,
    /// `routes! { list_gifts, find_gift }`: handlers of its module `handlers`.
    pub routes: fn(&mut ServiceConfig<'_>),
    /// Its records as the text of `in_use` counts them, in Vietnamese and English: "quà", "gifts".
    pub counted: Option<(&'static str, &'static str)>,
    /// Codes of problems that only this resource answers.
    pub problems: &'static [Code],
    /// Codes of wrong fields that this resource introduces.
    pub field_problems: &'static [FieldCode],
    /// Its enumerations, published under `/catalogues`.
    pub catalogues: &'static [Catalogue],
    /// Its official lists that are data of the database, published there, too.
    pub stored_catalogues: &'static [StoredCatalogue],
    /// Its state machine.
    pub steps: fn() -> Vec<StepFacts>,
    /// Tables of its parts, whose audit entries are shown as entries of this resource.
    pub parts: &'static [Part],
    /// Its answers contain no personal data, so private caches may store them.
    pub impersonal: bool,
    /// Its work without a request.
    pub jobs: &'static [Job],
}

/// The routes of a resource: the functions of its module `handlers`.
macro_rules! routes {
    ($($handler:ident),+ $(,)?) => {
        |api: &mut utoipa_actix_web::service_config::ServiceConfig<'_>| {
            api$(.service(handlers::$handler))+;
        }
    };
}
pub(crate) use routes;

/// A catalogue whose items are read from the database.
pub struct StoredCatalogue {
    pub name: &'static str,
    pub items: fn(&mut PgConnection) -> Result<Vec<CatalogueItem>>,
}

/// A table whose rows are parts of a record.
pub struct Part {
    pub table: &'static str,
    /// The name of the part in the audit: `members`.
    pub name: &'static str,
}

impl Resource {
    /// For the fields that a resource does not need: `..Resource::EMPTY`.
    pub const EMPTY: Self = Self {
        tag: "",
        about: "",
        routes: |_| {},
        counted: None,
        problems: &[],
        field_problems: &[],
        catalogues: &[],
        stored_catalogues: &[],
        steps: Vec::new,
        parts: &[],
        impersonal: false,
        jobs: &[],
    };

    /// The name of its table, which is also its name in the audit.
    pub fn table(&self) -> String {
        self.tag.replace('-', "_")
    }
}
