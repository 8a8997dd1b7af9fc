/** Every operation of the admin API: the table of contents. What is not in it has no address. */
import { exportAudit } from './audit/export-audit.ts';
import { listAudit } from './audit/list-audit.ts';
import { getAuditKey, verifyAudit } from './audit/verify-audit.ts';
import { approveCall, denyCall, getApproval, listApprovals } from './approvals/approvals.ts';
import { listChildEvents, listChildren, stopChild } from './children/children.ts';
import { watchChildEvents } from './children/watch-child-events.ts';
import { getNamespaceCatalog, getServerCatalog } from './catalogs/catalogs.ts';
import { applyConfig, diffConfig, listVersions, planConfig, rollbackConfig } from './config/change-config.ts';
import { exportConfig } from './config/export-config.ts';
import { releaseObjects } from './config/release-objects.ts';
import { getConfig } from './config/get-config.ts';
import { getCosts } from './costs/get-costs.ts';
import { listPrices, priceOperations } from './costs/prices.ts';
import { approveDefinitions, listDefinitions, rejectDefinition } from './definitions/definitions.ts';
import { DISCOVERY_OPERATIONS } from './discovery/operations.ts';
import { endpointOperations, listEndpoints, switchEndpoint } from './endpoints/endpoints.ts';
import { beginGrant } from './grants/begin-grant.ts';
import { listGrants } from './grants/list-grants.ts';
import { withdrawGrant } from './grants/withdraw-grant.ts';
import { listConsents, withdrawConsent } from './consents/consents.ts';
import { getHealth } from './health/get-health.ts';
import { getReady } from './health/get-ready.ts';
import { closeInspection, listInspectionMessages, listInspections, openInspection } from './inspections/inspections.ts';
import { createKey } from './keys/create-key.ts';
import { listKeys } from './keys/list-keys.ts';
import { rotateKey } from './keys/rotate-key.ts';
import { revokeKey } from './keys/revoke-key.ts';
import { limitOperations, listLimits, listLimitUsage, resetLimit } from './limits/limits.ts';
import { listLogs } from './logs/list-logs.ts';
import { listMiddleware, tryMiddleware } from './middleware/middleware.ts';
import { cloneNamespace, listNamespaces, namespaceOperations, switchPrimitives } from './namespaces/namespaces.ts';
import type { Bound } from './operation.ts';
import { explainPolicy } from './policies/explain-policy.ts';
import { listPolicies, listPolicyTemplates, listShadowResults, policyOperations } from './policies/policies.ts';
import { PLAYGROUND_OPERATIONS } from './playground/playground.ts';
import { replayPolicy } from './policies/replay-policy.ts';
import { testPolicies } from './policies/test-policies.ts';
import { PEOPLE_OPERATIONS } from './people/operations.ts';
import { deleteSecret } from './secrets/delete-secret.ts';
import { listSecrets } from './secrets/list-secrets.ts';
import { rotateSecrets } from './secrets/rotate-secrets.ts';
import { setSecret } from './secrets/set-secret.ts';
import { callServer } from './servers/call-server.ts';
import { listServers, serverOperations } from './servers/list-servers.ts';
import { deleteTemplate, exportTemplate, importTemplate, listTemplates } from './templates/templates.ts';
import { deleteWorkflow, getWorkflowRun, listWorkflowRuns, listWorkflows, putWorkflow, resolveWorkflowStep, startWorkflowRun } from './workflows/workflows.ts';
import { listRegistry, resolveRegistryServer } from './registry/registry.ts';
import { listReplicas } from './replicas/list-replicas.ts';
import { drillServer } from './servers/drill-server.ts';
import { restartServer } from './servers/restart-server.ts';
import { resyncServer } from './servers/resync-server.ts';
import { endSession, listSessions } from './sessions/sessions.ts';
import { getSettings, patchSettings } from './settings/settings.ts';
import { getStats } from './stats/get-stats.ts';
import { getTrafficCall } from './traffic/get-traffic-call.ts';
import { listTraffic } from './traffic/list-traffic.ts';
import { watchTraffic } from './traffic/watch-traffic.ts';

export const OPERATIONS: readonly Bound[] = [
  getHealth,
  getReady,
  listReplicas,
  listServers,
  ...serverOperations,
  getServerCatalog,
  restartServer,
  drillServer,
  resyncServer,
  callServer,
  listPolicies,
  ...policyOperations,
  listMiddleware,
  tryMiddleware,
  listDefinitions,
  approveDefinitions,
  rejectDefinition,
  listPolicyTemplates,
  listShadowResults,
  testPolicies,
  explainPolicy,
  replayPolicy,
  listApprovals,
  getApproval,
  approveCall,
  denyCall,
  listLimits,
  ...limitOperations,
  listLimitUsage,
  resetLimit,
  listNamespaces,
  ...namespaceOperations,
  getNamespaceCatalog,
  cloneNamespace,
  switchPrimitives,
  listEndpoints,
  ...endpointOperations,
  switchEndpoint,
  ...DISCOVERY_OPERATIONS,
  listKeys,
  createKey,
  rotateKey,
  revokeKey,
  listSessions,
  endSession,
  openInspection,
  listInspections,
  listInspectionMessages,
  closeInspection,
  ...PLAYGROUND_OPERATIONS,
  getSettings,
  patchSettings,
  getConfig,
  planConfig,
  applyConfig,
  exportConfig,
  listVersions,
  diffConfig,
  rollbackConfig,
  releaseObjects,
  listLogs,
  listAudit,
  exportAudit,
  verifyAudit,
  getAuditKey,
  listTraffic,
  watchTraffic,
  getTrafficCall,
  getStats,
  getCosts,
  listPrices,
  ...priceOperations,
  ...PEOPLE_OPERATIONS,
  listSecrets,
  setSecret,
  deleteSecret,
  rotateSecrets,
  listGrants,
  beginGrant,
  withdrawGrant,
  listConsents,
  withdrawConsent,
  listTemplates,
  importTemplate,
  exportTemplate,
  deleteTemplate,
  listChildren,
  stopChild,
  listChildEvents,
  watchChildEvents,
  listWorkflows,
  putWorkflow,
  deleteWorkflow,
  startWorkflowRun,
  listWorkflowRuns,
  getWorkflowRun,
  resolveWorkflowStep,
  listRegistry,
  resolveRegistryServer,
];
