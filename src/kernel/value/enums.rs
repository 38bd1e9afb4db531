//! Enumerations. Columns are text with a CHECK: comparison of text is leakproof, so that indexes are used
//! under row-level security; that of PostgreSQL's enum types is not. In JSON they are words, in
//! `/catalogues` labels in two languages.

use serde::Serialize;
use utoipa::ToSchema;

/// One value of an enumeration or catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueItem {
    /// The value in requests and answers.
    #[schema(example = "near_poor")]
    pub code: String,
    /// Label in Vietnamese.
    #[schema(example = "Hộ cận nghèo")]
    pub name_vi: String,
    /// Label in English.
    #[schema(example = "Near-poor household")]
    pub name_en: String,
    /// The code of the parent item, in catalogues of two levels.
    pub parent_code: Option<String>,
    /// The number in the official form, in `poverty_causes`.
    #[schema(example = "2")]
    pub official_code: Option<String>,
    /// Further facts: in `poverty_standards` `{basis, starts_on, ends_on, indicators: [{code, name_vi, name_en}], lines: {rural,
    /// urban: {income_vnd, average_vnd, score_b1}}}`.
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
}

impl CatalogueItem {
    pub fn new(code: &str, name_vi: &str, name_en: &str) -> Self {
        Self {
            code: code.into(),
            name_vi: name_vi.into(),
            name_en: name_en.into(),
            parent_code: None,
            official_code: None,
            details: None,
        }
    }
}

/// A named catalogue that an area contributes to `/catalogues`.
pub struct Catalogue {
    pub name: &'static str,
    pub items: fn() -> Vec<CatalogueItem>,
}

/// A value with labels for people.
pub trait Labelled {
    /// In Vietnamese and in English.
    fn labels(&self) -> (&'static str, &'static str);
}

/// Declares an enumeration: variants with their words and labels.
macro_rules! db_enum {
    ($(#[doc = $doc:literal])* $vis:vis enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal ($vi:literal, $en:literal)),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        $vis enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The label in Vietnamese.
            pub fn label_vi(self) -> &'static str {
                match self { $(Self::$variant => $vi),+ }
            }

            /// The values with their labels, for `/catalogues`.
            pub fn catalogue() -> Vec<$crate::kernel::value::enums::CatalogueItem> {
                vec![$($crate::kernel::value::enums::CatalogueItem::new($word, $vi, $en)),+]
            }
        }

        impl $crate::kernel::value::enums::Labelled for $name {
            fn labels(&self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($vi, $en)),+ }
            }
        }

        // Implemented by hand: utoipa's derive does not see a word that a macro inserts, and would publish the
        // variants' names.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($doc, "\n"),*).trim()))
                    .enum_values(Some([$($word),+]))
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(word: &str) -> Result<Self, ()> {
                match word { $($word => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(self.as_str(), out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = std::str::from_utf8(bytes.as_bytes())?;
                word.parse().map_err(|()| format!("{word} is not a {}", stringify!($name)).into())
            }
        }
    };
}
pub(crate) use db_enum;

#[cfg(test)]
mod tests {
    db_enum! {
        /// For this test.
        pub enum Weather { Dry = "dry" ("Khô", "Dry"), Wet = "wet" ("Mưa", "Wet") }
    }

    #[test]
    fn a_word_is_the_same_in_rust_json_and_catalogue() {
        for value in Weather::ALL {
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{}\"", value.as_str()));
            assert_eq!(value.as_str().parse(), Ok(*value));
        }
        assert_eq!(Weather::catalogue().len(), Weather::ALL.len());
        assert!("hail".parse::<Weather>().is_err());
    }
}
