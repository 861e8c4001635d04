# An invoice is wanted.
a = { customer = order.id, amount = order.count/* NOTE "out-of-range.*no declared minimum" */ }
b = {/* ERROR "missing-property.*billing.schemas.Invoice requires amount, which is not here" */ customer = order.id }
c = { custmer/* ERROR "unknown-property.*no property \"custmer\". Did you mean \"customer\"" */ = order.id, amount = 1 }
d = { customer = order.id, amount = 1, whatever/* ERROR "unknown-property" */ = 1 }
e = { customer = order.count/* ERROR "type-mismatch.*order.count.*integer" */, amount = "1"/* ERROR "type-mismatch" */ }
f = { customer = order.email/* NOTE "maybe-absent.*order.email may be absent \(shop.schemas.Order does not require it\), and billing.schemas.Invoice requires customer. Use coalesce\(order.email, …\) or must\(order.email, \"why\"\)" */, amount = 1 }
g = { customer = order.note/* WARNING "maybe-null.*order.note may be null" */, amount = 1 }
h = { customer = order.id, amount = 1, memo = order.note, ref = order.email/* NOTE "length" */ }
i = { customer = order.id, amount = 1, memo = null/* ERROR "null" */ }
j = { customer = order.id, amount = 1, state = order.status/* WARNING "enum-value.*\"shipped\"" */ }
k = { customer = order.id, amount = 1, state = "payd"/* ERROR "enum-value.*state of billing.schemas.Invoice is .payd., which is not one of.*Did you mean \"paid\"" */ }
l = { customer = order.id, amount = 1, state = match(order.status, { open = "open", paid = "paid", shipped = "done"/* ERROR "enum-value" */ }) }
m = { customer = order.id, amount = 1, state = match(order.status, { open = "open", paid = "paid", shipped = "paid" }) }
n = { customer = order.id, amount = order.rate/* WARNING "lossy-number.*round" *//* NOTE "out-of-range" */ }
o = { customer = order.id, amount = -1/* ERROR "out-of-range" */ }
p = { customer = order.id, amount = 1, ref = "a text that is too long"/* ERROR "length" */ }
q = { customer = order.id, amount = 1, ref = truncate(order.id, 10) }
r = { customer = order.id, amount = 1, ref = order.paid ? "short" : "a text that is too long"/* ERROR "length" */ }
s = { customer = order.id, amount = 1, lines = [for l in order.lines : { sku = l.sku, quantity = l.qty }] }
t = { customer = order.id, amount = 1, lines = [for l in order.lines : { sku = l.qty/* ERROR "type-mismatch" */, quantity = l.qty }] }
u = { customer = order.id, amount = 1, lines = [for l in order.lines : {/* ERROR "requires quantity" */ sku = l.sku }] }
v = { customer = order.id, amount = 1, lines = [{ sku = order.email/* NOTE "maybe-absent" */, quantity = 1 }] }
w = { customer = order.id, amount = 1, lines = expr("map(order.lines, ({sku: .sku, quantity: .qtty/* ERROR "unknown-field" */}))") }
x = { customer = order.id, amount = 1, day = order.at, at = order.at }
y = order.paid ? { customer = order.id, amount = 1 } : {/* ERROR "requires customer" */ amount = 1 }
z = expr("let n = order.count; {customer: n/* ERROR "type-mismatch" */, amount: n/* NOTE "out-of-range" */}")
aa = coalesce(order.customer/* ERROR "missing-property.*order.customer lacks amount, customer" *//* ERROR "unknown-property.*order.customer has city, name, which" */, { customer = order.id, amount = "x"/* ERROR "type-mismatch" */ })
ab = order/* ERROR "type-mismatch" *//* ERROR "unknown-property.*order has anything" *//* ERROR "missing" *//* ERROR "unknown-property" *//* ERROR "missing" *//* NOTE "absent" */
ac = "text"/* ERROR "type-mismatch.*The body of billing.createInvoice is .text." */
ad = { customer = secret.key/* ERROR "secret-leak" */, amount = 1 }
ae = { customer = order.anything/* NOTE "no declared type" */, amount = order.anything/* NOTE "no declared type" */ }
af = { customer = order.id, amount = 1, pay = { kind = "card", number = "1" } }
ag = { customer = order.id, amount = 1, pay = { kind = "cash", number/* ERROR "unknown-property" */ = "1" } }
ah = { customer = order.id, amount = 1, pay = {/* ERROR "requires number" */ kind = "card" } }
ai = { customer = order.id, amount = order.nothing/* ERROR "unknown-field" */ }
aj = { customer = order.id, amount = 1, pay = { kind = "bank"/* ERROR "enum-value.*\"card\", \"cash\"" */, number = "1" } }
ak = { customer = order.id, amount = len(order.lines) + 1 }
# A null that a condition chooses leaves an optional field out, though it may not be null; alone it is a mistake.
left_out_a = { customer = "c", amount = 1, memo = order.note == null ? null : "re ${order.note}" }
left_out_b = { customer = "c", amount = 1, memo = match(order.status, { open = "a", paid = null, shipped = null }) }
left_out_c = { customer = "c", amount = 1, memo = null/* ERROR "maybe-null" */ }
left_out_d = { customer = order.paid ? "c" : null/* ERROR "maybe-null" */, amount = 1 }
