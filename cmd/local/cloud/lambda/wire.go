package lambda

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/protocol"
)

// Handler serves Lambda's REST API, with errors by X-Amzn-ErrorType.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(*http.Request) (int, any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amzn-Requestid", uuid.NewString())
			status, out, err := serve(r)
			if err != nil {
				writeError(w, err)
				return
			}
			protocol.WriteREST(w, status, out)
		})
	}
	handle("GET /2015-03-31/functions", s.listFunctions)
	handle("GET /2015-03-31/functions/{$}", s.listFunctions)
	handle("GET /2015-03-31/functions/{name}", s.getFunction)
	handle("GET /2015-03-31/functions/{name}/configuration", s.getFunctionConfiguration)
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.invoke)
	handle("GET /2015-03-31/functions/{name}/versions", s.listVersions)
	handle("POST /2015-03-31/functions/{name}/versions", s.publishVersion)
	handle("GET /2015-03-31/functions/{name}/aliases", s.listAliases)
	handle("POST /2015-03-31/functions/{name}/aliases", s.createAlias)
	handle("GET /2015-03-31/functions/{name}/aliases/{alias}", s.getAlias)
	handle("PUT /2015-03-31/functions/{name}/aliases/{alias}", s.updateAlias)
	handle("GET /2016-08-19/account-settings", s.getAccountSettings)
	handle("GET /2016-08-19/account-settings/{$}", s.getAccountSettings)
	handle("GET /2019-09-30/functions/{name}/concurrency", s.getConcurrency)
	handle("PUT /2017-10-31/functions/{name}/concurrency", s.putConcurrency)
	handle("DELETE /2017-10-31/functions/{name}/concurrency", s.deleteConcurrency)
	handle("GET /2015-03-31/event-source-mappings", s.listMappings)
	handle("GET /2015-03-31/event-source-mappings/{$}", s.listMappings)
	handle("GET /2015-03-31/event-source-mappings/{id}", s.getMapping)
	handle("PUT /2015-03-31/event-source-mappings/{id}", s.updateMapping)
	handle("/", func(r *http.Request) (int, any, error) {
		return 0, nil, lower("UnknownOperationException", http.StatusNotFound, r.Method+" "+r.URL.Path+" is not supported by the local cloud")
	})
	return mux
}

func (s *Service) invoke(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	in, err := invokeInput(r)
	if err != nil {
		writeError(w, err)
		return
	}
	out, err := s.Invoke(r.Context(), in)
	if err != nil {
		writeError(w, err)
		return
	}
	h := w.Header()
	if out.FunctionError != "" {
		h.Set("X-Amz-Function-Error", out.FunctionError)
	}
	if out.ExecutedVersion != "" {
		h.Set("X-Amz-Executed-Version", out.ExecutedVersion)
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(out.Payload)))
	}
	w.WriteHeader(out.StatusCode)
	w.Write(out.Payload)
}

func invokeInput(r *http.Request) (*InvokeInput, error) {
	if err := allow(r.URL.Query(), "Qualifier"); err != nil {
		return nil, err
	}
	if kind := r.Header.Get("X-Amz-Log-Type"); kind != "" && kind != "None" {
		return nil, invalid("LogType %s is not supported by the local cloud: read the function's log group.", kind)
	}
	for _, header := range []string{"X-Amz-Durable-Execution-Name", "X-Amz-Tenant-Id"} {
		if r.Header.Get(header) != "" {
			return nil, invalid("Header %s is not supported by the local cloud.", header)
		}
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	if err != nil {
		return nil, invalid("The request body ended early: %v", err)
	}
	if len(payload) > 0 && len(payload) <= maxPayload {
		var value json.RawMessage
		if err := json.Unmarshal(payload, &value); err != nil {
			return nil, errNotJSON(err)
		}
	}
	return &InvokeInput{
		FunctionName:   r.PathValue("name"),
		Qualifier:      r.URL.Query().Get("Qualifier"),
		InvocationType: r.Header.Get("X-Amz-Invocation-Type"),
		ClientContext:  r.Header.Get("X-Amz-Client-Context"),
		Payload:        payload,
	}, nil
}

func (s *Service) listFunctions(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	n, err := page(q)
	if err != nil {
		return 0, nil, err
	}
	out, err := s.ListFunctions(r.Context(), &ListFunctionsInput{Marker: q.Get("Marker"), MaxItems: min(n, 50)})
	return http.StatusOK, out, err
}

func (s *Service) getFunction(r *http.Request) (int, any, error) {
	if err := allow(r.URL.Query(), "Qualifier"); err != nil {
		return 0, nil, err
	}
	out, err := s.GetFunction(r.Context(), &GetFunctionInput{FunctionName: r.PathValue("name"), Qualifier: r.URL.Query().Get("Qualifier")})
	return http.StatusOK, out, err
}

func (s *Service) getFunctionConfiguration(r *http.Request) (int, any, error) {
	status, out, err := s.getFunction(r)
	if err != nil {
		return 0, nil, err
	}
	return status, out.(*GetFunctionOutput).Configuration, nil
}

func (s *Service) listVersions(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	n, err := page(q)
	if err != nil {
		return 0, nil, err
	}
	out, err := s.ListVersionsByFunction(r.Context(), &ListVersionsByFunctionInput{FunctionName: r.PathValue("name"), Marker: q.Get("Marker"), MaxItems: min(n, 50)})
	return http.StatusOK, out, err
}

func (s *Service) publishVersion(r *http.Request) (int, any, error) {
	in := PublishVersionInput{}
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return 0, nil, err
	}
	in.FunctionName = r.PathValue("name")
	out, err := s.PublishVersion(r.Context(), &in)
	return http.StatusCreated, out, err
}

func (s *Service) listAliases(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	n, err := page(q, "FunctionVersion")
	if err != nil {
		return 0, nil, err
	}
	out, err := s.ListAliases(r.Context(), &ListAliasesInput{
		FunctionName: r.PathValue("name"), FunctionVersion: q.Get("FunctionVersion"), Marker: q.Get("Marker"), MaxItems: min(n, 50),
	})
	return http.StatusOK, out, err
}

func (s *Service) createAlias(r *http.Request) (int, any, error) {
	in := CreateAliasInput{}
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return 0, nil, err
	}
	in.FunctionName = r.PathValue("name")
	out, err := s.CreateAlias(r.Context(), &in)
	return http.StatusCreated, out, err
}

func (s *Service) getAlias(r *http.Request) (int, any, error) {
	out, err := s.GetAlias(r.Context(), &GetAliasInput{FunctionName: r.PathValue("name"), Name: r.PathValue("alias")})
	return http.StatusOK, out, err
}

func (s *Service) updateAlias(r *http.Request) (int, any, error) {
	in := UpdateAliasInput{}
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return 0, nil, err
	}
	in.FunctionName, in.Name = r.PathValue("name"), r.PathValue("alias")
	out, err := s.UpdateAlias(r.Context(), &in)
	return http.StatusOK, out, err
}

func (s *Service) getAccountSettings(r *http.Request) (int, any, error) {
	out, err := s.GetAccountSettings(r.Context())
	return http.StatusOK, out, err
}

func (s *Service) getConcurrency(r *http.Request) (int, any, error) {
	out, err := s.GetFunctionConcurrency(r.Context(), r.PathValue("name"))
	return http.StatusOK, out, err
}

func (s *Service) putConcurrency(r *http.Request) (int, any, error) {
	var in struct{ ReservedConcurrentExecutions *int }
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return 0, nil, err
	}
	if in.ReservedConcurrentExecutions == nil {
		return 0, nil, invalid("1 validation error detected: Value null at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must not be null")
	}
	out, err := s.PutFunctionConcurrency(r.Context(), &PutFunctionConcurrencyInput{
		FunctionName: r.PathValue("name"), ReservedConcurrentExecutions: *in.ReservedConcurrentExecutions,
	})
	return http.StatusOK, out, err
}

func (s *Service) deleteConcurrency(r *http.Request) (int, any, error) {
	return http.StatusNoContent, nil, s.DeleteFunctionConcurrency(r.Context(), r.PathValue("name"))
}

func (s *Service) listMappings(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	n, err := page(q, "EventSourceArn", "FunctionName")
	if err != nil {
		return 0, nil, err
	}
	out, err := s.ListEventSourceMappings(r.Context(), &ListEventSourceMappingsInput{
		EventSourceArn: q.Get("EventSourceArn"), FunctionName: q.Get("FunctionName"), Marker: q.Get("Marker"), MaxItems: min(n, 100),
	})
	return http.StatusOK, out, err
}

func (s *Service) getMapping(r *http.Request) (int, any, error) {
	out, err := s.GetEventSourceMapping(r.Context(), r.PathValue("id"))
	return http.StatusOK, out, err
}

func (s *Service) updateMapping(r *http.Request) (int, any, error) {
	in := UpdateEventSourceMappingInput{}
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return 0, nil, err
	}
	in.UUID = r.PathValue("id")
	out, err := s.UpdateEventSourceMapping(r.Context(), &in)
	return http.StatusAccepted, out, err
}

// allow refuses query parameters that nothing here would honour.
func allow(q url.Values, names ...string) error {
	for name := range q {
		if !slices.Contains(names, name) {
			return invalid("Parameter %s is not supported by the local cloud.", name)
		}
	}
	return nil
}

// page is how many items are wanted of a list that knows no parameters but these
// and those of pages; 0: as many as it likes.
func page(q url.Values, names ...string) (int, error) {
	if err := allow(q, append(names, "Marker", "MaxItems")...); err != nil {
		return 0, err
	}
	const limit = 10_000
	text := q.Get("MaxItems")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > limit {
		return 0, invalid("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and %d", text, limit)
	}
	return n, nil
}

func writeError(w http.ResponseWriter, err error) {
	if e, ok := errors.AsType[*protocol.Error](err); ok && e.Code == "TooManyRequestsException" {
		w.Header().Set("Retry-After", "1")
	}
	protocol.WriteRESTError(w, err)
}
