"""A plan as a file for other tools; nothing is sent anywhere."""

from tickets.export_jira import to_jira_csv as to_jira_csv
from tickets.export_json import from_json as from_json
from tickets.export_json import json_schema as json_schema
from tickets.export_json import to_json as to_json
