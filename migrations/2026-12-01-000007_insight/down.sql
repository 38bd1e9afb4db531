drop table support_summaries, support_changes;
