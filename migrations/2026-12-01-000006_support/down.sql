drop table gifts, visit_households, visits;
