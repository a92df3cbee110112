module slipway/toolchain/language-host
go 1.20
require github.com/pulumi/pulumi/sdk/v3 v3.68.0
