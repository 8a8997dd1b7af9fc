# The policy of policy.yaml in Rego, for the test that the embedded engine and Open Policy Agent decide alike.
package metamcp

import rego.v1

default decision := {"effect": "deny", "rule": "default"}

decision := {"effect": "allow", "rule": "ops-in-hours"} if ops_in_hours

decision := {"effect": "deny", "rule": name} if {
	not ops_in_hours
	count(denials) > 0
	name := sort(denials)[0]
}

decision := {"effect": "approve", "rule": "ask-before-refunds"} if {
	not ops_in_hours
	count(denials) == 0
	ask_before_refunds
}

decision := {"effect": "allow", "rule": name} if {
	not ops_in_hours
	count(denials) == 0
	not ask_before_refunds
	count(allowances) > 0
	name := sort(allowances)[0]
}

ops_in_hours if {
	"ops" in input.principal.groups
	input.server == "infra"
	moment := input.atMs * 1000000
	time.weekday(moment) in {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}
	[hour, _, _] := time.clock(moment)
	hour >= 8
	hour < 18
}

denials contains "no-deletes-by-agents" if {
	input.principal.labels.agent
	input.risk == "destructive"
}

denials contains "refund-cap" if {
	is_refund
	not within_cap
}

denials contains "no-prod-from-dev" if {
	input.principal.labels.stage == "dev"
	endswith(input.server, "-prod")
}

denials contains "no-credential-files" if {
	input.server == "files"
	is_string(input.arguments.path)
	regex.match(`(^|/)\.(ssh|aws)(/|$)`, input.arguments.path)
}

denials contains "own-notes-failed" if {
	input.server == "notes"
	not has_owner
}

ask_before_refunds if {
	is_refund
	is_number(input.arguments.amount)
	input.arguments.amount >= 100
}

is_refund if {
	input.server == "shop"
	input.name == "refund"
}

within_cap if {
	is_number(input.arguments.amount)
	input.arguments.amount <= 1000
}

has_owner if "owner" in object.keys(input.arguments)

allowances contains "staff" if {
	input.principal.kind == "user"
	"staff" in input.principal.groups
}

allowances contains "keys-read" if {
	input.principal.kind == "key"
	input.risk == "read-only"
}

allowances contains "tills" if {
	input.principal.kind == "key"
	startswith(input.principal.name, "till-")
	input.server == "shop"
}

allowances contains "own-notes" if {
	input.server == "notes"
	input.arguments.owner == input.principal.name
}
