# What conditions tell. Nothing here is a finding unless it says so.
a = order.email != null ? lower(order.email) : ""
b = order.email == null ? "" : lower(order.email)
c = order.email == null ? lower(order.email/* ERROR "always absent" */) : ""
d = order.email != null && hasPrefix(order.email, "a")
e = order.email == null || hasPrefix(order.email, "a")
f = !(order.email == null) ? lower(order.email) : ""
g = order.email != null && order.note != null ? "${order.email}${order.note}" : ""
h = order.email == null || order.note == null ? "" : "${order.email}${order.note}"
i = order.customer != null ? lower(order.customer.name) : ""
j = order.customer.name == "Ann" ? lower(order.customer.name) : ""
k = order.customer.city != null ? "${order.customer.name} ${order.customer.city}" : ""
l = [for l in order.lines : l.gift if l.gift != null]
m = [for l in order.lines : l.gift/* NOTE "maybe-absent" */]
n = expr("filter(order.lines, .gift != null) | map(.gift ? 1 : 2)")
o = lower(must(order.email, "the shop always has it"))
p = lower(coalesce(order.email, order.id))
q = lower(coalesce(order.email, order.note)/* WARNING "maybe-null" */)
r = order.status == "paid" ? match(order.status, { paid = 1 }) : 0
s = order.status == "paid" ? 0 : match(order.status, { open = 1, shipped = 2 })
t = order.lines[0].gift != null ? (order.lines[0].gift ? 1 : 2) : 3
u = expr("order.email != nil and len(order.email) > 3")
v = expr("let e = order.email; e != nil ? lower(e) : ''")
w = order.email == order.id ? lower(order.email) : ""
x = order.status != "open" && order.status != "paid" ? match(order.status, { shipped = 1 }) : 0
ka = type(order.payer) == "string" ? lower(order.payer) : ""
kb = type(order.payer) == "object" ? lower(order.payer.id) : ""
kc = order.payer == null ? "" : lower(type(order.payer) == "string" ? order.payer : order.payer.id)
kd = expr("type(order.payer) in ['absent', 'null'] ? '' : type(order.payer) == 'string' ? lower(order.payer) : lower(order.payer.id)")
kf = format("%s", order.note/* WARNING "maybe-null" */)
ke = type(order.payer) != "string" ? lower(order.payer/* ERROR "a Payer or null" */) : ""
