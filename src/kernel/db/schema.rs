// @generated automatically by Diesel CLI.

diesel::table! {
    /// Accounts that created an account or reset its password, which they knew, and when last
    account_makers (user_id, maker_id) {
        user_id -> Uuid,
        maker_id -> Uuid,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    /// Keys of dashboards: aggregates of one place, no personal data
    api_keys (id) {
        id -> Uuid,
        name -> Text,
        locality_id -> Uuid,
        scope_path -> Text,
        secret_hash -> Bytea,
        expires_on -> Nullable<Date>,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Every change of a record with its actor. Append-only: SELECT is the only grant
    audit_events (id) {
        id -> Int8,
        at -> Timestamptz,
        actor_role -> Text,
        actor_id -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Uuid>,
        resource -> Text,
        record_id -> Uuid,
        action -> Text,
        step -> Nullable<Text>,
        /// The caller overrode the version check with If-Match: *
        forced -> Bool,
        /// doubt: one person may have taken both steps of a two-person rule, because one account recently made or reset the other
        two_person -> Nullable<Text>,
        request_id -> Nullable<Uuid>,
        old_values -> Nullable<Jsonb>,
        new_values -> Nullable<Jsonb>,
        /// Names of personal fields that changed; their values are never stored here
        personal_fields -> Array<Text>,
        village_id -> Nullable<Uuid>,
        /// For a record without a village: the place whose officials are responsible for it
        locality_id -> Nullable<Uuid>,
        organisation_id -> Nullable<Uuid>,
        /// For an entry about an account: the rank of its office; offices above it read the entry
        subject_rank -> Nullable<Int2>,
        /// For an entry about a part (a member of a household): the whole
        part_of -> Nullable<Uuid>,
        /// As at the moment of the entry, like name and office: an account may be renamed or moved to another office
        actor_username -> Nullable<Text>,
        actor_full_name -> Nullable<Text>,
        actor_locality_id -> Nullable<Uuid>,
        actor_organisation_id -> Nullable<Uuid>,
        /// The place whose officials read the entry
        place_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Ids made by clients, with the hash of their request body: a repeated request is recognised
    creations (id) {
        id -> Uuid,
        resource -> Text,
        actor_id -> Nullable<Uuid>,
        body_hash -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Digests of the loaded catalogue files: a start with the same files loads nothing
    data_loads (name) {
        name -> Text,
        digest -> Bytea,
        loaded_at -> Timestamptz,
    }
}

diesel::table! {
    /// Copies of deleted rows; their ids stay taken
    deleted_records (id, resource) {
        id -> Uuid,
        resource -> Text,
        deleted_at -> Timestamptz,
        deleted_by -> Nullable<Uuid>,
        village_id -> Nullable<Uuid>,
        organisation_id -> Nullable<Uuid>,
        /// The fields that are not personal; emptied after a year, while the id stays taken
        content -> Jsonb,
        /// The personal fields until a job seals them, 20 seconds later at most
        personal -> Nullable<Jsonb>,
        /// The personal fields, sealed like those of household_private
        sealed -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// The last twenty devices on which an account signed in since its last reset; failures are counted for each device
    devices (user_id, mark) {
        user_id -> Uuid,
        /// Random; the device holds it in its device token
        mark -> Bytea,
        signed_in_at -> Timestamptz,
    }
}

diesel::table! {
    /// The known households of a gift to many
    gift_recipients (gift_id, household_id) {
        gift_id -> Uuid,
        household_id -> Uuid,
        /// The village of the gift
        village_id -> Uuid,
        hardship_item_id -> Nullable<Uuid>,
        item_automatic -> Bool,
    }
}

diesel::table! {
    /// Gifts to a household, to one of its members, to many households, to the whole village, or to a commune
    gifts (id) {
        id -> Uuid,
        visit_id -> Nullable<Uuid>,
        twinning_id -> Uuid,
        organisation_id -> Uuid,
        village_id -> Nullable<Uuid>,
        /// The commune to which it was given itself
        locality_id -> Nullable<Uuid>,
        scope_path -> Text,
        household_id -> Nullable<Uuid>,
        member_id -> Nullable<Uuid>,
        hardship_item_id -> Nullable<Uuid>,
        /// The service chooses the listed item; false: a caller chose it, or none
        item_automatic -> Bool,
        recipient_group -> Nullable<Text>,
        /// All homes reached, named or not; null: the whole village or commune
        households_count -> Nullable<Int4>,
        /// Known households: 1, or the number of recipients
        households_named -> Int4,
        category -> Text,
        description -> Text,
        quantity -> Nullable<Numeric>,
        unit -> Nullable<Text>,
        /// Whole VND, the total
        value_vnd -> Int8,
        funding_source -> Text,
        given_on -> Date,
        note -> Nullable<Text>,
        status -> Text,
        dispute_reason -> Nullable<Text>,
        settlement_note -> Nullable<Text>,
        correction_reason -> Nullable<Text>,
        /// Accounts that changed it: none of them may confirm it
        written_by -> Array<Uuid>,
        /// The account that recorded it, which may not confirm it
        acted_by -> Uuid,
        on_behalf_of -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// A household on a hardship list
    hardship_items (id) {
        id -> Uuid,
        list_id -> Uuid,
        village_id -> Uuid,
        scope_path -> Text,
        household_id -> Uuid,
        reasons -> Array<Text>,
        needs -> Array<Text>,
        priority -> Int2,
        note -> Nullable<Text>,
        /// Whether it was part of an approved list: twinned units see these items
        approved -> Bool,
        /// Reasons, needs, priority and note as approved last: twinned units see these, also while the list is reopened
        approved_state -> Nullable<Jsonb>,
        /// Approved, and left out of the reopened list since: units see it until the next approval deletes it
        dropped -> Bool,
        /// Derived by app_refresh_item from pledges and confirmed gifts
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// The households of a village in greatest hardship, one list for each round of a year (danh sách hộ khó khăn)
    hardship_lists (id) {
        id -> Uuid,
        village_id -> Uuid,
        scope_path -> Text,
        year -> Int4,
        round -> Int4,
        status -> Text,
        submitted_at -> Nullable<Timestamptz>,
        submitted_by -> Nullable<Uuid>,
        /// First approval: twinned units see the list from then on, also while it is closed or reopened
        approved_at -> Nullable<Timestamptz>,
        approved_by -> Nullable<Uuid>,
        /// Accounts that changed it since its last approval: an approval by one of them is marked in the audit
        written_by -> Array<Uuid>,
        return_reason -> Nullable<Text>,
        acted_by -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Poverty assessments of households (rà soát hộ nghèo), dated, by the standard of their day
    household_assessments (id) {
        id -> Uuid,
        household_id -> Uuid,
        scope_path -> Text,
        assessed_on -> Date,
        round_year -> Int4,
        /// annual: the review at the end of the year (rà soát định kỳ); regular: during the year (rà soát thường xuyên)
        round_kind -> Text,
        standard -> Text,
        poverty_status -> Text,
        deprivations -> Array<Text>,
        poverty_causes -> Array<Text>,
        score_b1 -> Nullable<Int4>,
        score_b2 -> Nullable<Int4>,
        no_labour_capacity -> Nullable<Bool>,
        /// The decision that recognises the result, as 12/QĐ-UBND
        decision_number -> Nullable<Text>,
        decision_date -> Nullable<Date>,
        note -> Nullable<Text>,
        status -> Text,
        return_reason -> Nullable<Text>,
        corrects_id -> Nullable<Uuid>,
        /// The assessment that took its place, by a correction or in a merge: it stays in the history and counts nowhere
        corrected_by_id -> Nullable<Uuid>,
        assessor_id -> Nullable<Uuid>,
        confirmed_by -> Nullable<Uuid>,
        confirmed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Consents of households that organisations which are no state bodies read their sensitive fields (Law 91/2025/QH15)
    household_consents (id) {
        id -> Uuid,
        household_id -> Uuid,
        scope_path -> Text,
        /// The organisation that may read; null: every one that sees the household
        organisation_id -> Nullable<Uuid>,
        given_by -> Text,
        given_on -> Date,
        expires_on -> Nullable<Date>,
        proof -> Text,
        withdrawn_at -> Nullable<Timestamptz>,
        acted_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// The people of a household besides its head
    household_members (id) {
        id -> Uuid,
        household_id -> Uuid,
        scope_path -> Text,
        name -> Text,
        sex -> Nullable<Text>,
        birth_year -> Nullable<Int4>,
        birth_date -> Nullable<Date>,
        ethnic_group -> Nullable<Text>,
        relation -> Nullable<Text>,
        student -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Households that were recorded twice: the deleted id, and the household that it was merged into
    household_merges (id) {
        id -> Uuid,
        household_id -> Uuid,
        merged_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Phone and identity number, each sealed with the key named in its first byte (AES-256-GCM, bound to subject and field)
    household_private (household_id, subject_id) {
        household_id -> Uuid,
        /// The household, for its head, or one of its members
        subject_id -> Uuid,
        scope_path -> Text,
        phone -> Nullable<Bytea>,
        identity_number -> Nullable<Bytea>,
        identity_number_last4 -> Nullable<Bytea>,
        /// Keyed hash: equality without the number
        identity_number_index -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// Villages in which a household lived before its present one: counts of a day include it there
    household_residences (household_id, until_on) {
        household_id -> Uuid,
        village_id -> Uuid,
        scope_path -> Text,
        from_on -> Nullable<Date>,
        until_on -> Date,
    }
}

diesel::table! {
    /// Folded words of the head's name, searched by prefix as a range, which can use an index under row-level security
    household_words (household_id, word) {
        household_id -> Uuid,
        scope_path -> Text,
        word -> Text,
    }
}

diesel::table! {
    /// Households of a village
    households (id) {
        id -> Uuid,
        village_id -> Uuid,
        scope_path -> Text,
        status -> Text,
        status_since -> Nullable<Date>,
        head_name -> Text,
        /// Without case and diacritics: equal names are likely duplicates
        head_fold -> Text,
        head_sex -> Nullable<Text>,
        head_birth_year -> Nullable<Int4>,
        head_birth_date -> Nullable<Date>,
        ethnic_group -> Text,
        poverty_status -> Nullable<Text>,
        poverty_year -> Nullable<Int4>,
        poverty_assessed_on -> Nullable<Date>,
        poverty_standard -> Nullable<Text>,
        deprivations -> Array<Text>,
        poverty_causes -> Array<Text>,
        hardship_reasons -> Array<Text>,
        special_hardship -> Bool,
        address -> Nullable<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        note -> Nullable<Text>,
        /// Whether an approved hardship list of its village names it: twinned units see these households only
        listed -> Bool,
        /// First day in this village; null: it lived in no other one since its registration
        moved_on -> Nullable<Date>,
        /// The account that entered it
        acted_by -> Nullable<Uuid>,
        /// The village whose head an official acted for
        on_behalf_of -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Provinces, districts, communes and villages of every era
    localities (id) {
        id -> Uuid,
        /// Surrogate in base 36, the locality's part of scope paths; never an official code
        label -> Text,
        level -> Text,
        /// First day (inclusive); null: before the first day of the catalogue
        valid_from -> Nullable<Date>,
        /// Last day (inclusive); null: still in force
        valid_to -> Nullable<Date>,
        name -> Text,
        code -> Nullable<Text>,
        kind -> Text,
        parent_id -> Nullable<Uuid>,
        /// Labels from the root on the tree day; policies compare it with the caller's range
        scope_path -> Text,
        /// Its province on the tree day (itself, for a province); null for future places
        province_id -> Nullable<Uuid>,
        district_id -> Nullable<Uuid>,
        commune_id -> Nullable<Uuid>,
        /// For a village that has ended by the tree day: the village in which it lies since; derived from its certain succession
        merged_into_id -> Nullable<Uuid>,
        end_legal_basis -> Nullable<Text>,
        ethnic_groups -> Array<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// What a decision declared a village, commune or district to be, from day to day (both inclusive)
    locality_flags (id) {
        id -> Uuid,
        locality_id -> Uuid,
        flag -> Text,
        /// Null: since before the records begin
        from_on -> Nullable<Date>,
        to_on -> Nullable<Date>,
        decision_number -> Nullable<Text>,
        decision_date -> Nullable<Date>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Holders of posts of a village or commune, with their terms (both days inclusive)
    locality_posts (id) {
        id -> Uuid,
        locality_id -> Uuid,
        scope_path -> Text,
        post -> Text,
        person_name -> Text,
        phone -> Nullable<Text>,
        from_on -> Nullable<Date>,
        to_on -> Nullable<Date>,
        /// A political view: null for twinned units
        party_member -> Nullable<Bool>,
        note -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// The localities that replaced an ended one
    locality_successions (id) {
        id -> Uuid,
        predecessor_id -> Uuid,
        successor_id -> Uuid,
        effective_on -> Date,
        extent -> Text,
        /// Every village of the predecessor lies in this successor
        certain -> Bool,
        legal_basis -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Name, code, kind and parent of a locality from day to day (both inclusive)
    locality_versions (id) {
        id -> Uuid,
        locality_id -> Uuid,
        name -> Text,
        name_fold -> Text,
        code -> Nullable<Text>,
        kind -> Text,
        parent_id -> Nullable<Uuid>,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        legal_basis -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Folded words of every name of a locality, searched by prefix as a range, which can use an index under row-level security
    locality_words (locality_id, word) {
        locality_id -> Uuid,
        word -> Text,
    }
}

diesel::table! {
    /// Rules of a merge for the rows that refer to the merged record; written by schema/
    merge_rules (position) {
        /// In the order of the areas: the rows of later areas move first
        position -> Int4,
        whole -> Text,
        part -> Text,
        key -> Text,
        /// move, delete (by the foreign key), or a function of the merged and the surviving record
        rule -> Text,
    }
}

diesel::table! {
    /// Contact of an organisation, for itself and the officials who manage it
    organisation_contacts (id) {
        id -> Uuid,
        organisation_id -> Uuid,
        contact_name -> Nullable<Text>,
        contact_phone -> Nullable<Text>,
        contact_email -> Nullable<Text>,
        address -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Assigned posts (biên chế) by year, attached units included
    organisation_headcounts (id) {
        id -> Uuid,
        organisation_id -> Uuid,
        year -> Int4,
        headcount -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Departments, companies, units, associations and places that give support
    organisations (id) {
        id -> Uuid,
        name -> Text,
        kind -> Text,
        level -> Text,
        parent_id -> Nullable<Uuid>,
        /// The place whose officials manage it
        locality_id -> Uuid,
        scope_path -> Text,
        /// The village, commune or district that the organisation represents as a giver (kind locality)
        place_id -> Nullable<Uuid>,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        /// The organisation that took over from it the day after its last one
        successor_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// A unit promises to help a listed household
    pledges (id) {
        id -> Uuid,
        item_id -> Uuid,
        organisation_id -> Uuid,
        village_id -> Uuid,
        scope_path -> Text,
        note -> Nullable<Text>,
        planned_on -> Nullable<Date>,
        acted_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Poverty standards, each in force for a period; an operator imports the next one
    poverty_standards (code) {
        code -> Text,
        name_vi -> Text,
        name_en -> Text,
        /// The decree
        basis -> Nullable<Text>,
        starts_on -> Date,
        ends_on -> Date,
        /// [{code, name_vi, name_en}]: what a household can be deprived of
        indicators -> Jsonb,
        /// {rural, urban}: income_vnd (a person and month, up to it poor or near-poor), average_vnd (up to it average), score_b1 (points; below it, the income is below the line)
        lines -> Jsonb,
    }
}

diesel::table! {
    /// Directives, decisions and plans that are the basis of twinnings
    programmes (id) {
        id -> Uuid,
        /// Unknown for some: the copy of the plan of Ia Nan has none
        number -> Nullable<Text>,
        title -> Text,
        issuer -> Nullable<Text>,
        kind -> Text,
        issued_on -> Nullable<Date>,
        effective_on -> Date,
        ends_on -> Nullable<Date>,
        locality_id -> Uuid,
        scope_path -> Text,
        parent_id -> Nullable<Uuid>,
        note -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// SHA-256 of every refresh token of a live session, so that the reuse of an old one is recognised
    refresh_tokens (hash) {
        hash -> Bytea,
        session_id -> Uuid,
        generation -> Int4,
    }
}

diesel::table! {
    /// The application of schema/ that is in force; one row
    schema_text (only_row) {
        only_row -> Bool,
        /// SHA-256 over the files: `ketnghia migrate` applies them when theirs differs
        hash -> Bytea,
        /// Functions that the application created, with their argument types: the next one drops them
        functions -> Array<Text>,
    }
}

diesel::table! {
    /// The keys of PII_KEY_FILE that sealed fields of this database use: the service does not start with a file that lacks one
    sealing_keys (id) {
        id -> Int2,
        /// A keyed hash: identifies a key without revealing it
        fingerprint -> Bytea,
        added_at -> Timestamptz,
    }
}

diesel::table! {
    /// A sign-in on one device: the family of its refresh tokens
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        device_name -> Nullable<Text>,
        /// Refers to devices while the device is listed there
        device_mark -> Nullable<Bytea>,
        /// Of the newest refresh token
        generation -> Int4,
        /// The newest generation whose access token was used: its answer arrived, so the client has no reason to repeat its parent
        used_generation -> Int4,
        created_at -> Timestamptz,
        refreshed_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Failed sign-ins by hour and address (of IPv6 the network of a subscriber), kept for two hours
    sign_in_addresses (hour, address) {
        hour -> Timestamptz,
        address -> Text,
        failures -> Int4,
    }
}

diesel::table! {
    /// Failed sign-ins in a row
    sign_in_failures (subject) {
        /// "name NAME", also of no account, so that the answer does not reveal which names exist; or "device NAME MARK" of devices; or "password NAME", a change of the own password
        subject -> Text,
        failures -> Int4,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    /// The last step of each record with states: the same call again is recognised as a repetition
    steps (record_id) {
        record_id -> Uuid,
        resource -> Text,
        step -> Text,
        taken_by -> Nullable<Uuid>,
        body_hash -> Bytea,
        /// For steps that are not answered with their record: a repetition has the same answer
        answer -> Nullable<Jsonb>,
        taken_at -> Timestamptz,
    }
}

diesel::table! {
    /// Marks: gifts or visits of the village in this year have changed since its summaries were counted
    support_changes (id) {
        id -> Int8,
        village_id -> Uuid,
        scope_path -> Text,
        year -> Int4,
    }
}

diesel::table! {
    /// Support of a place in a month, a quarter or a year; valid where support_changes has no mark of the place or of a place in it
    support_summaries (place_id, level, period, starts_on) {
        place_id -> Uuid,
        scope_path -> Text,
        /// place: a village, or what a commune received itself; commune, province: with all places in it, in the tree of today
        level -> Text,
        period -> Text,
        starts_on -> Date,
        visits -> Int4,
        gifts -> Int4,
        gifts_confirmed -> Int4,
        gift_value_vnd -> Int8,
        loans_vnd -> Int8,
        /// Homes reached by gifts to many, without the named ones
        households_unnamed -> Int8,
        last_visit_on -> Nullable<Date>,
        last_holiday_visit_on -> Nullable<Date>,
        last_gift_on -> Nullable<Date>,
        /// Distinct households with gifts in one village and in no other at any time: the numbers may be added up over places
        households -> Int4,
        /// Households with gifts in the place and, at any time, in two villages: each counts once among places
        wandering_households -> Array<Uuid>,
    }
}

diesel::table! {
    /// The day whose tree of places the scope paths follow; readable by all, one row
    tree_day (only_row) {
        only_row -> Bool,
        day -> Date,
    }
}

diesel::table! {
    /// An organisation is twinned with a place (kết nghĩa), under a programme, for a time
    twinnings (id) {
        id -> Uuid,
        programme_id -> Uuid,
        organisation_id -> Uuid,
        organisation_scope_path -> Text,
        locality_id -> Uuid,
        scope_path -> Text,
        /// Leads (chủ trì) rather than takes part (phối hợp)
        lead -> Bool,
        decision_number -> Nullable<Text>,
        decision_date -> Nullable<Date>,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        /// The earliest end (inclusive) of the twinning, its programme, organisation and place; null: open
        last_day -> Nullable<Date>,
        /// Entries of Suspension in their order; a change replaces all of them
        suspensions -> Jsonb,
        /// The twinning that this one continues with another organisation, place or programme
        predecessor_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Argon2id hashes
    user_passwords (user_id) {
        user_id -> Uuid,
        hash -> Text,
        /// End of validity of a one-time password; null for an own password
        one_time_expires_at -> Nullable<Timestamptz>,
        /// Set by the one sign-in with a one-time password; afterwards only a change of password accepts it
        one_time_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// People who sign in: one account each, several may hold one office
    users (id) {
        id -> Uuid,
        username -> Text,
        full_name -> Text,
        phone -> Nullable<Text>,
        role -> Text,
        rank -> Int2,
        locality_id -> Nullable<Uuid>,
        organisation_id -> Nullable<Uuid>,
        scope_path -> Text,
        active -> Bool,
        /// Raised by deactivation, demotion, a move or a reset: earlier access tokens are refused
        auth_version -> Int4,
        must_change_password -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Numbers of households and people of a village, year by year, as its commune counts them
    village_profiles (id) {
        id -> Uuid,
        village_id -> Uuid,
        year -> Int4,
        households -> Nullable<Int4>,
        population -> Nullable<Int4>,
        minority_households -> Nullable<Int4>,
        poor -> Nullable<Int4>,
        near_poor -> Nullable<Int4>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// Years for which the assessments of a village are complete; rates are published for these only
    village_registers (id) {
        id -> Uuid,
        village_id -> Uuid,
        scope_path -> Text,
        year -> Int4,
        complete -> Bool,
        completed_on -> Nullable<Date>,
        completed_by -> Nullable<Uuid>,
        reopened_by -> Nullable<Uuid>,
        reopen_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// The households of a visit
    visit_households (visit_id, household_id) {
        visit_id -> Uuid,
        household_id -> Uuid,
    }
}

diesel::table! {
    /// Visits of units to villages and communes
    visits (id) {
        id -> Uuid,
        twinning_id -> Uuid,
        /// The organisation of the twinning on the day of the visit
        organisation_id -> Uuid,
        village_id -> Nullable<Uuid>,
        /// The commune that was visited itself
        locality_id -> Nullable<Uuid>,
        scope_path -> Text,
        visited_on -> Date,
        purpose -> Text,
        occasion -> Nullable<Text>,
        participants -> Nullable<Int4>,
        findings -> Nullable<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        /// By the clock of the phone, stored as sent
        recorded_at -> Nullable<Timestamptz>,
        acted_by -> Nullable<Uuid>,
        /// The organisation, where an official entered the record from its paper
        on_behalf_of -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    working_groups (id) {
        id -> Uuid,
        programme_id -> Uuid,
        organisation_id -> Nullable<Uuid>,
        locality_id -> Nullable<Uuid>,
        scope_path -> Nullable<Text>,
        kind -> Text,
        name -> Text,
        established_on -> Date,
        ended_on -> Nullable<Date>,
        decision_number -> Nullable<Text>,
        regulation_number -> Nullable<Text>,
        /// Entries of WorkingGroupMember in their order; a change replaces all of them
        members -> Jsonb,
        acted_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::joinable!(account_makers -> users (user_id));
diesel::joinable!(api_keys -> users (created_by));
diesel::joinable!(devices -> users (user_id));
diesel::joinable!(gift_recipients -> gifts (gift_id));
diesel::joinable!(gift_recipients -> hardship_items (hardship_item_id));
diesel::joinable!(gift_recipients -> households (household_id));
diesel::joinable!(gifts -> hardship_items (hardship_item_id));
diesel::joinable!(gifts -> household_members (member_id));
diesel::joinable!(gifts -> households (household_id));
diesel::joinable!(gifts -> organisations (organisation_id));
diesel::joinable!(gifts -> twinnings (twinning_id));
diesel::joinable!(gifts -> visits (visit_id));
diesel::joinable!(hardship_items -> hardship_lists (list_id));
diesel::joinable!(hardship_items -> households (household_id));
diesel::joinable!(household_assessments -> poverty_standards (standard));
diesel::joinable!(household_consents -> organisations (organisation_id));
diesel::joinable!(household_merges -> households (household_id));
diesel::joinable!(household_residences -> households (household_id));
diesel::joinable!(locality_flags -> localities (locality_id));
diesel::joinable!(locality_words -> localities (locality_id));
diesel::joinable!(organisation_contacts -> organisations (organisation_id));
diesel::joinable!(organisation_headcounts -> organisations (organisation_id));
diesel::joinable!(pledges -> hardship_items (item_id));
diesel::joinable!(pledges -> organisations (organisation_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(twinnings -> programmes (programme_id));
diesel::joinable!(user_passwords -> users (user_id));
diesel::joinable!(village_profiles -> localities (village_id));
diesel::joinable!(visit_households -> households (household_id));
diesel::joinable!(visit_households -> visits (visit_id));
diesel::joinable!(visits -> organisations (organisation_id));
diesel::joinable!(visits -> twinnings (twinning_id));
diesel::joinable!(working_groups -> organisations (organisation_id));
diesel::joinable!(working_groups -> programmes (programme_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_makers,
    api_keys,
    audit_events,
    creations,
    data_loads,
    deleted_records,
    devices,
    gift_recipients,
    gifts,
    hardship_items,
    hardship_lists,
    household_assessments,
    household_consents,
    household_members,
    household_merges,
    household_private,
    household_residences,
    household_words,
    households,
    localities,
    locality_flags,
    locality_posts,
    locality_successions,
    locality_versions,
    locality_words,
    merge_rules,
    organisation_contacts,
    organisation_headcounts,
    organisations,
    pledges,
    poverty_standards,
    programmes,
    refresh_tokens,
    schema_text,
    sealing_keys,
    sessions,
    sign_in_addresses,
    sign_in_failures,
    steps,
    support_changes,
    support_summaries,
    tree_day,
    twinnings,
    user_passwords,
    users,
    village_profiles,
    village_registers,
    visit_households,
    visits,
    working_groups,
);
