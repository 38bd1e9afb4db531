//! The permissions of each role, in one table: they decide on operations, row-level security (the policies in
//! `schema/`) decides on rows. Handlers name permissions; only this file assigns them to roles.

use crate::kernel::value::enums::db_enum;

db_enum! {
    /// The office of a user. Dashboards are no users: they hold API keys.
    pub enum Role {
        Admin = "admin" ("Quản trị hệ thống", "Administrator"),
        Province = "province" ("Cán bộ tỉnh", "Province official"),
        District = "district" ("Cán bộ huyện", "District official"),
        Commune = "commune" ("Cán bộ xã", "Commune official"),
        TwinningUnit = "twinning_unit" ("Đơn vị kết nghĩa", "Twinning unit"),
        VillageHead = "village_head" ("Trưởng thôn, trưởng làng", "Village head"),
    }
}

/// A kind of caller: a user by role, or the key of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    User(Role),
    Dashboard,
}

/// Declares the permissions: the enum, their words, a type for each, and the row of the table. The
/// columns are admin, province, district, commune, twinning unit, village head, dashboard key.
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $word:literal: $admin:tt $province:tt $district:tt $commune:tt $unit:tt $head:tt $key:tt;)+) => {
        /// A permission.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Permission { $($(#[$doc])* $name),+ }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            pub fn is_given_to(self, office: Office) -> bool {
                let row = match self {
                    $(Self::$name => [yes!($admin), yes!($province), yes!($district), yes!($commune), yes!($unit), yes!($head), yes!($key)]),+
                };
                let [admin, province, district, commune, unit, head, key] = row;
                match office {
                    Office::User(Role::Admin) => admin,
                    Office::User(Role::Province) => province,
                    Office::User(Role::District) => district,
                    Office::User(Role::Commune) => commune,
                    Office::User(Role::TwinningUnit) => unit,
                    Office::User(Role::VillageHead) => head,
                    Office::Dashboard => key,
                }
            }
        }

        /// A type for each permission, for `May<permission::X>`.
        pub mod permission {
            $(pub struct $name;
            impl super::Permitted for $name {
                const PERMISSION: super::Permission = super::Permission::$name;
            })+
        }
    };
}

macro_rules! yes {
    (x) => {
        true
    };
    (-) => {
        false
    };
}

/// A permission as a type.
pub trait Permitted {
    const PERMISSION: Permission;
}

permissions! {
//                                                   admin prov dist comm unit head key
    ReadOwnAccount         = "account:own":            x    x    x    x    x    x    -;
    ReadUsers              = "users:read":             x    x    x    x    -    -    -;
    WriteUsers             = "users:write":            x    x    x    x    -    -    -;
    ManageApiKeys          = "api_keys:manage":        x    x    -    -    -    -    -;
    ReadAudit              = "audit:read":             x    x    x    x    -    -    -;

    ReadLocalities         = "localities:read":        x    x    x    x    x    x    x;
    // A province and a district assign the villages of communes that were split.
    WriteVillages          = "villages:write":         -    x    x    x    -    -    -;

    // Flags of villages, communes and districts; a range holds the parent of the place.
    WriteFlags             = "flags:write":            -    x    x    x    -    -    -;
    ReadPosts              = "posts:read":             x    x    x    x    x    x    -;
    WritePosts             = "posts:write":            -    -    -    x    -    x    -;

    ReadOrganisations      = "organisations:read":     x    x    x    x    x    x    -;
    WriteOrganisations     = "organisations:write":    -    x    x    x    -    -    -;
    // The contact of the own organisation; officials change the whole.
    ChangeOrganisations    = "organisations:change":   -    x    x    x    x    x    -;
    ReadProgrammes         = "programmes:read":        x    x    x    x    x    x    -;
    WriteProgrammes        = "programmes:write":       -    x    x    x    -    -    -;
    ReadTwinnings          = "twinnings:read":         x    x    x    x    x    x    -;
    WriteTwinnings         = "twinnings:write":        -    x    x    x    -    -    -;
    ReadGroups             = "groups:read":            x    x    x    x    x    x    -;
    WriteGroups            = "groups:write":           -    x    x    x    x    x    -;

    ReadHouseholds         = "households:read":        x    x    x    x    x    x    -;
    WriteHouseholds        = "households:write":       -    -    -    x    -    x    -;
    ReadConsents           = "consents:read":          x    x    x    x    -    x    -;
    WriteConsents          = "consents:write":         -    -    -    x    -    x    -;
    RevealHouseholds       = "households:reveal":      -    x    x    x    -    x    -;
    // Proposed ones become confirmed; what the commune enters is confirmed.
    ConfirmAssessments     = "assessments:confirm":    -    -    -    x    -    -    -;
    CompleteRegisters      = "registers:complete":     -    -    -    x    -    -    -;
    ReadHardshipLists      = "hardship_lists:read":    x    x    x    x    x    x    -;
    WriteHardshipLists     = "hardship_lists:write":   -    -    -    x    -    x    -;
    DecideHardshipLists    = "hardship_lists:decide":  -    -    -    x    -    -    -;
    // Village heads and officials act for a place that is an organisation; row-level security checks that the
    // organisation is theirs.
    WritePledges           = "pledges:write":          -    -    x    x    x    x    -;

    ReadSupport            = "support:read":           x    x    x    x    x    x    -;
    RecordSupport          = "support:record":         -    x    x    x    x    x    -;
    // For any unit, from paper, in the caller's places.
    RecordForUnits         = "support:record_for":     -    x    x    x    -    -    -;
    ConfirmGifts           = "gifts:confirm":          -    -    -    x    -    x    -;
    // After the confirmation, the dispute or the settlement, with a reason.
    CorrectGifts           = "gifts:correct":          -    -    -    x    -    -    -;
    // A province and a district settle where the commune is the giver or the receiver.
    SettleGifts            = "gifts:settle":           -    x    x    x    -    -    -;

    ReadAggregates         = "aggregates:read":        x    x    x    x    x    x    x;
}

impl Role {
    /// The distance from the top; an official manages accounts of greater rank.
    pub fn rank(self) -> i16 {
        match self {
            Self::Admin => 0,
            Self::Province => 1,
            Self::District => 2,
            Self::Commune => 3,
            Self::TwinningUnit | Self::VillageHead => 4,
        }
    }
}

impl Office {
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| permission.is_given_to(self))
    }

    pub fn may(self, permission: Permission) -> bool {
        permission.is_given_to(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrator_never_writes_field_data() {
        for field_data in [
            Permission::WriteHouseholds,
            Permission::RevealHouseholds,
            Permission::WriteHardshipLists,
            Permission::DecideHardshipLists,
            Permission::RecordSupport,
            Permission::ConfirmGifts,
            Permission::SettleGifts,
        ] {
            assert!(!Office::User(Role::Admin).may(field_data), "{}", field_data.word());
        }
    }

    #[test]
    fn a_dashboard_reads_aggregates_and_places_and_nothing_else() {
        let may: Vec<_> = Office::Dashboard.permissions().map(Permission::word).collect();
        assert_eq!(may, ["localities:read", "aggregates:read"]);
    }

    #[test]
    fn words_are_unique() {
        let mut words: Vec<_> = Permission::ALL.iter().map(|permission| permission.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Permission::ALL.len());
    }
}
