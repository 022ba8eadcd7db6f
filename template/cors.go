package template

const (
	corsAllowOrigin = "CorsAllowOrigin"

	// noCors is the condition under which no page in a browser may call the API.
	noCors = "NoCors"
)

func browsers() []Parameter {
	return []Parameter{{
		ID: corsAllowOrigin, Label: "Web pages that may call the API",
		Type:                  "String",
		Description:           "The origin, such as https://shop.example.com, whose pages may call the API from a browser; * is every page, and nothing is none.",
		Default:               "",
		AllowedPattern:        `^(\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?$`,
		ConstraintDescription: "nothing, *, or an http or https origin: scheme, host and port alone, without a slash at the end",
	}}
}

// cors lets pages of one origin call the API, or of any. Credentials are never
// allowed: they are cookies, and no cookie admits anybody here. It is one Fn::If
// around all of it, which SAM hands on; around a member SAM would lose the rest.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
func cors() string {
	return choose(noCors, Ref("AWS::NoValue"), map[string]any{
		"AllowOrigins":  []string{Ref(corsAllowOrigin)},
		"AllowMethods":  []string{"GET", "POST"},
		"AllowHeaders":  []string{"authorization", "content-type", "idempotency-key", "x-amz-date", "x-amz-security-token"},
		"ExposeHeaders": []string{"location", "retry-after"},
		"MaxAge":        3600, // seconds
	})
}
