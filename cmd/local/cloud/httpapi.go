package cloud

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"orderflow/cmd/local/cloud/apigateway"
	"orderflow/cmd/local/cloud/cloudformation"
)

// apiID is the identifier of the HTTP API; AWS makes up ten characters.
const apiID = "orderflow0"

// httpAPI notes the API down: it is made once its routes are known.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-httpapi.html
func (d *deployment) httpAPI(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		Auth              httpAPIAuth
		CorsConfiguration *struct {
			AllowCredentials bool
			AllowHeaders     []string
			AllowMethods     []string
			AllowOrigins     []string
			ExposeHeaders    []string
			MaxAge           *int
		}
		DefaultRouteSettings struct {
			ThrottlingRateLimit  float64
			ThrottlingBurstLimit int
		}
		Description string
		Name        string
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	if d.api != nil {
		return cloudformation.Values{}, fmt.Errorf("the local cloud serves one HTTP API, which is %s", d.api.Name)
	}
	var err error
	if d.demanded, err = p.Auth.route(); err != nil {
		return cloudformation.Values{}, cloudformation.At(err, "Properties.Auth.DefaultAuthorizer")
	}
	d.api = &apigateway.CreateApiInput{
		Name:                 cmp.Or(p.Name, r.LogicalID),
		ApiId:                apiID,
		Authorizers:          p.Auth.authorizers(),
		DefaultRouteSettings: apigateway.RouteSettings(p.DefaultRouteSettings),
	}
	if p.CorsConfiguration != nil {
		d.api.CorsConfiguration = &apigateway.Cors{
			AllowCredentials: p.CorsConfiguration.AllowCredentials,
			AllowHeaders:     p.CorsConfiguration.AllowHeaders,
			AllowMethods:     p.CorsConfiguration.AllowMethods,
			AllowOrigins:     p.CorsConfiguration.AllowOrigins,
			ExposeHeaders:    p.CorsConfiguration.ExposeHeaders,
			MaxAge:           p.CorsConfiguration.MaxAge,
		}
	}
	endpoint := "http://" + d.config.APIEndpoint
	return cloudformation.Values{Ref: apiID, Attributes: map[string]any{"ApiEndpoint": endpoint, "ApiId": apiID}}, nil
}

// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapi.html
func (d *deployment) routeEvent(functionARN string, properties any) error {
	var p struct {
		ApiId                string `cfn:",required"`
		Method               string `cfn:",required"`
		Path                 string `cfn:",required"`
		PayloadFormatVersion string
		TimeoutInMillis      int
	}
	if err := cloudformation.Decode(properties, &p); err != nil {
		return err
	}
	if d.api == nil || p.ApiId != d.api.ApiId {
		return cloudformation.At(fmt.Errorf("there is no HTTP API %q", p.ApiId), "ApiId")
	}
	if p.PayloadFormatVersion != "" && p.PayloadFormatVersion != "2.0" {
		return cloudformation.At(fmt.Errorf("%q is not supported by the local cloud", p.PayloadFormatVersion), "PayloadFormatVersion")
	}
	route := d.demanded
	route.RouteKey = strings.ToUpper(p.Method) + " " + p.Path
	route.FunctionArn = functionARN
	route.TimeoutInMillis = p.TimeoutInMillis
	d.api.Routes = append(d.api.Routes, route)
	return nil
}

// openAPI makes the API with the routes that the functions' events gave it.
func (d *deployment) openAPI() error {
	if d.api == nil {
		return nil
	}
	api, err := d.gateway.CreateApi(d.ctx, d.api)
	if err != nil {
		return err
	}
	d.Cloud.api = api
	return nil
}

// API is the stack's HTTP API, without a socket.
func (c *Cloud) API() http.Handler {
	if c.api == nil {
		return http.NotFoundHandler()
	}
	return c.api
}
