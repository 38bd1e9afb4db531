drop table gift_recipients, gifts, visit_households, visits;
