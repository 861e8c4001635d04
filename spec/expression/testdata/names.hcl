# Names, fields, functions and operands.
a = ordr/* ERROR "unknown-reference.*Did you mean \"order\"" */
b = order.emial/* ERROR "unknown-field.*shop.schemas.Order has no field \"emial\". Did you mean \"email\"" */
c = order.customer.nmae/* ERROR "shop.schemas.Customer.*Did you mean \"name\"" */
d = order["emial"]/* ERROR "Did you mean \"email\"" */
e = [for l in order.lines : l.skv/* ERROR "Line.*\"sku\"" */]
f = order.lines[*].skv/* ERROR "Line.*\"sku\"" */
g = order.lines.sku/* ERROR "is a list.*order.lines\[\*\].sku" */
h = order.id.x/* ERROR "order.id is a string, so it has no field" */
i = step.orders.items/* ERROR "stream-not-collected.*collect\(step.orders.items\)" */
j = len(step.orders.items/* ERROR "stream-not-collected" */)
k = step.order/* ERROR "unknown-reference.*no step called \"order\". Did you mean \"orders\"" */.items
l = step.late/* ERROR "out-of-scope.*Step late runs after this one" */.body
m = step/* ERROR "step is not a value" */
n = input.sinc/* ERROR "Did you mean \"since\"" */
o = length/* ERROR "unknown-function.*Did you mean \"len\"" */(order.lines)
p = toLowerCase/* ERROR "Did you mean \"lower\"" */(order.id)
q = lowr/* ERROR "Did you mean \"lower\"" */(order.id)
r = lower(order.count/* ERROR "argument-type.*order.count is an integer.*, and s of lower must be a string" */)
s = lower(order.email/* NOTE "maybe-absent.*order.email may be absent.*shop.schemas.Order does not require it.*coalesce\(order.email" */)
t = lower(order.note/* WARNING "maybe-null.*order.note may be null" */)
u = lower(order.id, order.id/* ERROR "lower takes no more than 1 argument" */)
v = truncate(order.id)/* ERROR "truncate is given too little: it needs n" */
w = order.id + 1/* ERROR "operand-type.*joins two strings or adds two numbers" */
x = order.id * 2/* @id ERROR "operand-type" */
y = order.id/* ERROR "a condition must be a boolean" */ ? 1 : 2
z = !order.count/* ERROR "a condition must be a boolean" */
aa = "x${order.lines/* ERROR "jsonencode" */}"
ab = "x${order.email/* NOTE "maybe-absent" */}"
ac = [order.email/* NOTE "maybe-absent.*an element of a list" */]
ad = order.count < order.id/* ERROR "two of a kind" */
ae = order.status == "payed"/* ERROR "order.status is never \"payed\"" */
af = order.id == 1/* ERROR "never equal" */
ag = order.id == null/* NOTE "condition-constant" */
ah = 1 / 0/* ERROR "division by zero" */
ai = match(order.status, { paid = 1 })/* ERROR "match-not-exhaustive.*\"open\", \"shipped\"" */
aj = match(order.status, { paid = 1, open = 2, shiped/* ERROR "enum-value.*Did you mean \"shipped\"" */ = 3, shipped = 3 })
ak = expr("order.emial/* ERROR "unknown-field" */ ?? 'x'")
al = expr("map(order.lines, .skv/* ERROR "unknown-field" */)")
am = filter(order.lines, order.paid)/* ERROR "takes a closure, which expr notation has" */
an = secret.key/* ERROR "secret-leak" */
ao = "x${secret.key}"/* ERROR "secret-leak" */
ap = lower(secret.key)/* ERROR "secret-leak" */
aq = reveal(secret.key, "because")
ar = reveal(secret.key, ""/* ERROR "reveal needs a reason" */)
as = concat([1], "a"/* ERROR "argument-type" */)
at = expr("order.id.trim/* ERROR "Values have no methods" */()")
au = [for k, v in order.id/* ERROR "operand-type" */ : v.nonsense]
av = { a = 1, a/* ERROR "stands in this object twice" */ = 2 }
aw = lower(order.lines[0].sku/* NOTE "maybe-absent" */)
ax = order.tags.anything
ay = lookup(order, "whatever", 1)
az = coalesce(order.id/* NOTE "condition-constant" */, "x")
ba = f/* ERROR "no function" */(order.nothing/* ERROR "unknown-field" */)
bb = expr("order.id matches '['/* ERROR "not a regular expression" */")
bc = min(1, 2, "3"/* ERROR "argument-type" */)
bd = secret.key == "x" ? 1 : 2/* ERROR "secret-leak" */
be = { a = match(secret.key, { a = 1 }, 2) }/* ERROR "secret-leak" */

# Lists and objects that are never equal.
ca = [for l in order.lines : l.qty] == ["2"/* ERROR "operand-type: l.qty is never \"2\": it is an integer.*So this is always false" */]
cb = [for l in order.lines : l.qty] == [2]
cc = { status = order.status, id = order.id } == { status = "payed"/* ERROR "order.status is never \"payed\"" */, id = "o-1" }
cd = order.customer == { name = "Ada", twon/* ERROR "unknown-field: shop.schemas.Customer has no field \"twon\", so this is always false" */ = "Rome" }
ce = order.lines[0] == { sku = "a" }/* ERROR "order.lines\[0\] always has \"qty\", which is not here, so they are never equal" */
cf = [1, order.count] == [1, 2, 3]/* ERROR "has 2 elements and .* has 3, so they are never equal" */
