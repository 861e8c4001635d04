api "response" /* ERROR "reserved-name: .response. means something" */ {
  spec = "shop.yaml"
}

api "my-shop" /* ERROR "attribute-value: .my-shop. cannot be used as a name: .* Use my_shop" */ {
  spec = "shop.yaml"
}

secret "key" {
  env = "A"
}

secret "key" /* ERROR "duplicate-name: There is another secret called .key." */ {
  env = "B"
}

mapping "m" {
  from  = { error /* ERROR "reserved-name" */ = string, a = string, a /* ERROR "duplicate-name: There is another input" */ = string }
  value = a
}

integration "i" {
  input "secret" /* ERROR "reserved-name" */ {
    type = string
  }
  step "a" {
    value = 1
  }
  for_each "x" {
    in = []
    step "a" /* ERROR "duplicate-name: There is another step called .a." */ {
      value = 1
    }
  }
  for_each "step" /* ERROR "reserved-name" */ {
    in = []
  }
  switch "s" {
    on = 1
    case "1" {}
    case "2" "1" /* ERROR "duplicate-name: There is another case for .1." */ {}
    default {}
    default /* ERROR "duplicate-name: Only one .default. block" */ {}
  }
}

integration "j" {
  step "a" {
    value = 1
  }
}
