//! Codes of data that an operator may extend, as types: a text in JSON and in the database, whose form is checked when it is read.

/// Declares a code: its pattern for the document, and its first and further characters.
macro_rules! code {
    ($(#[doc = $doc:literal])* $name:ident = $pattern:literal, $example:literal, $most:literal, $first:expr, $further:expr) => {
        $(#[doc = $doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow, utoipa::ToSchema,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = $pattern, example = $example)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(code: String) -> Result<Self, Self::Error> {
                let (first, further): (fn(char) -> bool, fn(char) -> bool) = ($first, $further);
                let right = (1..=$most).contains(&code.len()) && code.starts_with(first) && code.chars().all(further);
                if right { Ok(Self(code)) } else { Err("not a code of this form") }
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(&self.0, out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <String as diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg>>::from_sql(bytes).map(Self)
            }
        }
    };
}
pub(crate) use code;

#[cfg(test)]
mod tests {
    code! {
        /// For this test.
        Letters = "^[a-z][a-z0-9]{0,2}$", "ab1", 3, |c| c.is_ascii_lowercase(), |c| c.is_ascii_lowercase() || c.is_ascii_digit()
    }

    #[test]
    fn a_code_of_another_form_is_rejected() {
        let read = |text: &str| serde_json::from_value::<Letters>(text.into()).is_ok();
        assert!(read("a") && read("ab1"));
        for wrong in ["", "1a", "abcd", "A", "a-b", "ă"] {
            assert!(!read(wrong), "{wrong}");
        }
    }
}
