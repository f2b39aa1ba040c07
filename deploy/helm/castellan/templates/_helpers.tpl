{{/* Names and labels. */}}
{{- define "castellan.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "castellan.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "castellan.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "castellan.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels by which pods of one component are selected. Takes a dict of root and component. */}}
{{- define "castellan.selector" -}}
app.kubernetes.io/name: {{ include "castellan.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "castellan.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: castellan
{{ include "castellan.selector" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
The components of the mode: what each listens on, which peers it calls, what it keeps secret.
`from` are the components that may call it (the edges of docs/architecture.md).
*/}}
{{- define "castellan.components" -}}
{{- if eq .Values.mode "singleProcess" -}}
host: { image: cli, http: 4444, grpc: 4452, ops: 4460, from: [], calls: [], postgres: true, redis: true }
{{- else -}}
gateway: { image: gateway, http: 4444, ops: 4464, from: [], calls: [token, keys], postgres: false, redis: false }
admin: { image: admin, http: 4446, ops: 4466, from: [], calls: [token, warden, keys], postgres: false, redis: false }
token: { image: token, grpc: 4451, ops: 4461, from: [gateway, admin, warden], calls: [keys, warden], postgres: true, redis: false }
warden: { image: warden, grpc: 4452, ops: 4462, from: [admin, token], calls: [token], postgres: true, redis: true }
keys: { image: keys, grpc: 4453, ops: 4463, from: [gateway, admin, token], calls: [], postgres: true, redis: false }
{{- end -}}
{{- end -}}

{{/* One map over another, at any depth; false, 0 and '' count, too. Takes base and over. */}}
{{- define "castellan.overlay" -}}
{{- $result := deepCopy .base -}}
{{- range $key, $value := .over -}}
{{- if and (kindIs "map" $value) (kindIs "map" (index $result $key)) -}}
{{- $_ := set $result $key (include "castellan.overlay" (dict "base" (index $result $key) "over" $value) | fromYaml) -}}
{{- else -}}
{{- $_ := set $result $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $result -}}
{{- end -}}

{{/* The settings of one component: the defaults with its own over them. */}}
{{- define "castellan.settings" -}}
{{- include "castellan.overlay" (dict "base" .root.Values.defaults "over" (index .root.Values.components .component | default dict)) -}}
{{- end -}}

{{- define "castellan.image" -}}
{{- $digest := index .root.Values.image.digests .image | default "" -}}
{{- $name := printf "%s/%s/%s" .root.Values.image.registry .root.Values.image.repository .image -}}
{{- if $digest -}}
{{- printf "%s@%s" $name $digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .root.Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* An environment variable that is the key of a Secret which exists already. */}}
{{- define "castellan.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret.existingSecret | default .fallback | required (printf "%s needs the name of a Secret that exists" .name) }}
      key: {{ .secret.key | default .fallbackKey }}
{{- end -}}

{{/* PodSecurity "restricted". */}}
{{- define "castellan.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "castellan.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* Mebibytes of a quantity such as 384Mi or 1Gi. */}}
{{- define "castellan.mebibytes" -}}
{{- if hasSuffix "Gi" . -}}
{{- mul (trimSuffix "Gi" . | int) 1024 -}}
{{- else if hasSuffix "Mi" . -}}
{{- trimSuffix "Mi" . | int -}}
{{- else -}}
{{- fail (printf "limits.memory must be written in Mi or Gi, not %s" .) -}}
{{- end -}}
{{- end -}}

{{/* V8's heap is three quarters of the container's memory. Takes resources. */}}
{{- define "castellan.nodeOptions" -}}
--max-old-space-size={{ div (mul (include "castellan.mebibytes" .limits.memory | int) 3) 4 }} --disable-proto=delete --max-semi-space-size=4
{{- end -}}

{{- define "castellan.hasCa" -}}
{{- if or .Values.customCa.existingConfigMap .Values.customCa.existingSecret -}}yes{{- end -}}
{{- end -}}

{{- define "castellan.caVolume" -}}
- name: custom-ca
  {{- if .Values.customCa.existingSecret }}
  secret:
    secretName: {{ .Values.customCa.existingSecret }}
    items: [{ key: {{ .Values.customCa.key }}, path: ca.crt }]
  {{- else }}
  configMap:
    name: {{ .Values.customCa.existingConfigMap }}
    items: [{ key: {{ .Values.customCa.key }}, path: ca.crt }]
  {{- end }}
{{- end -}}

{{- define "castellan.tlsSecret" -}}
{{- if eq .root.Values.mtls.mode "certManager" -}}
{{- printf "%s-%s-tls" (include "castellan.fullname" .root) .component -}}
{{- else -}}
{{- index .root.Values.mtls.existingSecrets .component -}}
{{- end -}}
{{- end -}}

{{/* A share from 0 to 1, written without an exponent: programs do not read one. */}}
{{- define "castellan.share" -}}
{{- regexReplaceAll "\\.?0+$" (float64 . | printf "%.15f") "" -}}
{{- end -}}

{{/* Where decisions are recorded. */}}
{{- define "castellan.decisionLogEnv" -}}
- { name: WARDEN_DECISION_LOG, value: {{ join "," .to | quote }} }
- { name: WARDEN_DECISION_LOG_SAMPLE, value: {{ include "castellan.share" .sample | quote }} }
- { name: WARDEN_DECISION_LOG_RETENTION, value: {{ .retention | quote }} }
{{- with .context }}
- { name: WARDEN_DECISION_LOG_CONTEXT, value: {{ join "," . | quote }} }
{{- end }}
{{- with .contextHidden }}
- { name: WARDEN_DECISION_LOG_CONTEXT_HIDDEN, value: {{ join "," . | quote }} }
{{- end }}
{{- end -}}

{{/* Variables of every component, then of its kind. Takes root, component, spec, settings. */}}
{{- define "castellan.env" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $full := include "castellan.fullname" .root -}}
- { name: NODE_OPTIONS, value: {{ include "castellan.nodeOptions" .settings.resources | quote }} }
- { name: CASTELLAN_ENV, value: {{ $values.environment | quote }} }
- { name: LOG_LEVEL, value: {{ $values.log.level | quote }} }
- { name: LOG_FORMAT, value: {{ $values.log.format | quote }} }
- { name: OPS_PORT, value: {{ .spec.ops | quote }} }
{{- if include "castellan.hasCa" $root }}
- { name: NODE_EXTRA_CA_CERTS, value: /etc/castellan/ca/ca.crt }
{{- end }}
{{- if $values.tracing.endpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ $values.tracing.endpoint | quote }} }
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ include "castellan.share" $values.tracing.sampleRatio | quote }} }
{{- end }}
{{- if ne .component "host" }}
- { name: GRPC_TLS_CERT_PATH, value: /etc/castellan/mtls/tls.crt }
- { name: GRPC_TLS_KEY_PATH, value: /etc/castellan/mtls/tls.key }
- { name: GRPC_TLS_CA_PATH, value: /etc/castellan/mtls/ca.crt }
{{- range .spec.calls }}
- { name: {{ upper . }}_GRPC, value: {{ printf "%s-%s:%d" $full . (index (dict "token" 4451 "warden" 4452 "keys" 4453) .) | quote }} }
{{- end }}
{{- end }}
{{- if and (eq .component "warden") $values.mtls.wardenCallers }}
- { name: WARDEN_CALLERS, value: {{ join "," $values.mtls.wardenCallers | quote }} }
{{- end }}
{{- if and (eq .component "warden") $values.wardenPublic.enabled }}
- { name: WARDEN_PUBLIC_GRPC_PORT, value: '4454' }
- { name: WARDEN_PUBLIC_GRPC_TLS_CERT_PATH, value: /etc/castellan/public/tls.crt }
- { name: WARDEN_PUBLIC_GRPC_TLS_KEY_PATH, value: /etc/castellan/public/tls.key }
{{- end }}
{{- if and (($values.decisionLog).to) (has .component (list "warden" "host")) }}
{{ include "castellan.decisionLogEnv" $values.decisionLog }}
{{- end }}
{{- if .spec.http }}
- { name: {{ if eq .component "admin" }}ADMIN_PORT{{ else }}PORT{{ end }}, value: {{ .spec.http | quote }} }
{{- if eq $values.https.mode "terminated" }}
- { name: HTTPS_ALLOW_TERMINATION_FROM, value: {{ join "," $values.https.trustedProxies | required "https.trustedProxies: networks of the proxies that end TLS" | quote }} }
{{- else }}
- { name: HTTPS_TLS_CERT_PATH, value: /etc/castellan/https/tls.crt }
- { name: HTTPS_TLS_KEY_PATH, value: /etc/castellan/https/tls.key }
{{- end }}
{{- end }}
{{- if has .component (list "token" "host") }}
- { name: ISSUER, value: {{ $values.issuer | required "issuer: the public URL is needed" | quote }} }
{{- end }}
{{- if and $values.consentUrl (has .component (list "token" "gateway" "host")) }}
- { name: CONSENT_URL, value: {{ $values.consentUrl | quote }} }
{{- end }}
{{- if has .component (list "token" "host") }}
{{- range $name, $url := dict "LOGIN_URL" $values.loginUrl "LOGOUT_URL" $values.logoutUrl "POST_LOGOUT_REDIRECT_URL" $values.postLogoutRedirectUrl "ERROR_URL" $values.errorUrl }}
{{- if $url }}
- { name: {{ $name }}, value: {{ $url | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- if has .component (list "keys" "host") }}
{{ include "castellan.secretEnv" (dict "name" "SYSTEM_SECRET" "secret" $values.secrets.system "fallback" $values.secrets.existingSecret) }}
{{- end }}
{{- if eq .component "token" }}
{{ include "castellan.secretEnv" (dict "name" "TOKEN_SECRET" "secret" $values.secrets.token "fallback" $values.secrets.existingSecret) }}
{{- end }}
{{- if eq .component "warden" }}
{{ include "castellan.secretEnv" (dict "name" "WARDEN_SECRET" "secret" $values.secrets.warden "fallback" $values.secrets.existingSecret) }}
{{- end }}
{{- if and (has .component (list "admin" "host")) (not $values.secrets.root.generate) }}
{{ include "castellan.secretEnv" (dict "name" "FORCE_ROOT_CLIENT_CREDENTIALS" "secret" $values.secrets.root "fallback" $values.secrets.existingSecret) }}
{{- end }}
{{- if .spec.postgres }}
{{ include "castellan.secretEnv" (dict "name" "DATABASE_URL" "secret" (index $values.postgres .component | default dict) "fallback" $values.postgres.existingSecret "fallbackKey" $values.postgres.key) }}
{{- end }}
{{- if and .spec.redis $values.redis.enabled }}
{{ include "castellan.secretEnv" (dict "name" "REDIS_URL" "secret" $values.redis "fallback" "") }}
{{- if ne $values.redis.mode "single" }}
- { name: REDIS_MODE, value: {{ $values.redis.mode }} }
{{- with $values.redis.nodes }}
- { name: REDIS_NODES, value: {{ join "," . | quote }} }
{{- end }}
{{- end }}
{{- if eq $values.redis.mode "sentinel" }}
- { name: REDIS_SENTINEL_GROUP, value: {{ $values.redis.sentinel.group | required "redis.sentinel.group: what the Sentinels call the servers" | quote }} }
{{- if $values.redis.sentinel.existingSecret }}
{{ include "castellan.secretEnv" (dict "name" "REDIS_SENTINEL_PASSWORD" "secret" $values.redis.sentinel "fallback" "") }}
{{- end }}
{{- end }}
{{- if $values.redis.tls.existingSecret }}
- { name: REDIS_TLS_CA_PATH, value: /etc/castellan/redis/ca.crt }
- { name: REDIS_TLS_CERT_PATH, value: /etc/castellan/redis/tls.crt }
- { name: REDIS_TLS_KEY_PATH, value: /etc/castellan/redis/tls.key }
{{- end }}
{{- end }}
{{- range $name, $value := .settings.env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}
