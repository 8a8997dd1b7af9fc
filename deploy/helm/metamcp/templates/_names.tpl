{{- define "metamcp.name" -}}
{{- if contains "metamcp" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-metamcp" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end -}}
{{- define "metamcp.selector" -}}
app.kubernetes.io/name: metamcp
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "metamcp.labels" -}}
{{ include "metamcp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
{{- define "metamcp.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}
