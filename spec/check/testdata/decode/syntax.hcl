variable "a" {
  type    = string
  default = ' /* ERROR "syntax: Single quotes" */ eu'
}

variable "b" {
  tpye /* ERROR "Did you mean .type.." */ = string
}
