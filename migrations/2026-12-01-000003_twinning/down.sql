drop table twinnings, programmes, organisation_headcounts, organisation_contacts, organisations;
