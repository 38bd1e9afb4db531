drop table working_groups, twinnings, programmes, organisation_headcounts, organisation_contacts, organisations;
