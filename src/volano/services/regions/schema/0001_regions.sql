-- Zones that were drilled. A zone without a row is available and never was failed.
CREATE TABLE regions_zone_state (
  zone TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_us BIGINT NOT NULL
);
