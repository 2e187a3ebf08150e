"""CalDAV (RFC 4791) for calendar programs: requests in XML, answers as multistatus."""
