package lang

var operation = &Block{
	Name:   "operation",
	Unique: "api",
	Labels: []*Label{{Name: "ID", Kind: AnyText, Doc: "What the operation is called: `call = NAME.ID`, or `NAME[\"ID\"]` where it is no plain word."}},
	Attrs: []*Attr{
		{Name: "request", Kind: Text, Required: true,
			Doc: "Method and path: `\"GET /rates/{currency}\"`. Names in braces are path parameters. What follows the server's URL, without a query."},
		{Name: "params", Kind: Params,
			Doc: "The parameters and their types: `{ currency = string, day = optional(string) }`. A name that the path has in braces travels there, any other in the query, unless it says otherwise: `\"header:X-Version\"`, `\"cookie:session\"`."},
		{Name: "body", Kind: Type, Doc: "The type of the request's body. Without it none is sent. `optional(…)` where it may be left out."},
		{Name: "content_type", Kind: Text, Default: `"application/json"`, Needs: "body", Doc: "The media type of the request's body."},
		{Name: "response", Kind: Type, Doc: "The type of a successful answer's body. With `any` nothing about it can be proven. Without it no body is read."},
		{Name: "response_type", Kind: Text, Default: `"application/json"`, Needs: "response", Doc: "The media type of the answer's body."},
		{Name: "description", Kind: Text, Doc: "What it does."},
	},
	Doc: "An operation of an API that no document describes, or that its document lacks. It is checked, planned and mocked like those of a spec.",
	Example: `api "rates" {
  server = "https://rates.example.com"

  auth "key" {
    type  = "api_key"
    in    = "header"
    name  = "X-Key"
    value = secret.rates_key
  }

  operation "getRate" {
    request  = "GET /rates/{currency}"
    params   = { currency = string, day = optional(string({ format = "date" })) }
    response = schema.rate
  }
}

schema "rate" {
  type = object({ currency = string, rate = number })
}

secret "rates_key" {
  env = "RATES_KEY"
}

integration "rate" {
  input "currency" {
    type = string
  }
  step "rate" {
    call   = rates.getRate
    params = { currency = input.currency }
  }
  output "rate" {
    value = step.rate.body.rate
  }
}
`,
}
