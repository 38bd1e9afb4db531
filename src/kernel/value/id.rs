//! Ids as types: all in one place, for rooms speak of each other's records by them. A client may send its own UUIDv7 when it creates, so that a repeated request is
//! known again; the time in it is never trusted.

/// An id of a record, which knows its table.
pub trait RecordId: Copy + From<uuid::Uuid> + Into<uuid::Uuid> + Send + 'static {
    const TABLE: &'static str;
}

/// Declares an id: a UUID of its own type, in Rust, in JSON and in the database.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident of $table:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow, utoipa::ToSchema,
        )]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        #[serde(transparent)]
        #[schema(value_type = uuid::Uuid)]
        pub struct $name(pub uuid::Uuid);

        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::to_sql(&self.0, out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                diesel::deserialize::FromSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::from_sql(bytes).map(Self)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl $crate::kernel::value::id::RecordId for $name {
            const TABLE: &'static str = $table;
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A province, district, commune or village.
    LocalityId of "localities"
}
id! {
    /// An organisation that gives.
    OrganisationId of "organisations"
}
id! {
    /// A directive, decision or plan.
    ProgrammeId of "programmes"
}
id! {
    /// An organisation stands by a place.
    TwinningId of "twinnings"
}
id! {
    /// A person who signs in.
    UserId of "users"
}
id! {
    /// A home of a village.
    HouseholdId of "households"
}
id! {
    /// Somebody of a household.
    MemberId of "household_members"
}
id! {
    /// A list of the hardest households.
    HardshipListId of "hardship_lists"
}
id! {
    /// A household on such a list.
    HardshipItemId of "hardship_items"
}
id! {
    /// A unit's promise.
    PledgeId of "pledges"
}
id! {
    /// A unit came to a village.
    VisitId of "visits"
}
id! {
    /// What was given.
    GiftId of "gifts"
}
id! {
    /// A key of a dashboard.
    ApiKeyId of "api_keys"
}
